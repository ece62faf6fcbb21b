using Granary.Gateway.Authentication;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class AuthorizationTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_role_of_the_method_lets_in_and_others_do_not()
    {
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}", _host.As(_host.Token("root", "admin"))).OkAsync();
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}", _host.As(_host.Token("olga", "operator", "user"))).OkAsync();
        var problem = await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}").ProblemAsync(403, "PERMISSION_DENIED");
        Assert.Contains("admin, operator", problem.Detail, StringComparison.Ordinal);
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}", _host.As(_host.Token("nobody"))).ProblemAsync(403, "PERMISSION_DENIED");
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}", _host.Anonymous).ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Roles_are_compared_exactly() =>
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "{}", _host.As(_host.Token("x", "Admin", "adminx", " "))).ProblemAsync(403, "PERMISSION_DENIED");

    [Fact]
    public async Task All_scopes_are_needed()
    {
        await _host.PostAsync("/rpc/probe/a/ForScopes", "{}", _host.As(Issue(["parcels.write", "other", "parcels.read"], null))).OkAsync();
        var problem = await _host.PostAsync("/rpc/probe/a/ForScopes", "{}", _host.As(Issue(["parcels.read"], null))).ProblemAsync(403, "PERMISSION_DENIED");
        Assert.Contains("parcels.write", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_of_the_host_decides()
    {
        await _host.PostAsync("/rpc/probe/a/ForTenant", "{}", _host.As(Issue([], "a"))).OkAsync();
        await _host.PostAsync("/rpc/probe/a/ForTenant", "{}", _host.As(Issue([], "b"))).ProblemAsync(403, "PERMISSION_DENIED");
    }

    [Fact]
    public async Task Who_may_not_is_told_before_the_arguments_are_looked_at() =>
        await _host.PostAsync("/rpc/probe/a/ForAdmins", "not even json").ProblemAsync(403, "PERMISSION_DENIED");

    private string Issue(string[] scopes, string? tenant) => _host.Services.GetRequiredService<TokenIssuer>().Issue("x", [], TimeSpan.FromHours(1), scopes, tenant);
}
