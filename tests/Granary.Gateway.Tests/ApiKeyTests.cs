using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Authentication;
using Granary.Gateway.Sharing;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class ApiKeyTests : IAsyncLifetime
{
    private const string Secret = "a secret of the configuration";
    private readonly TestClock _time = new();
    private GatewayHost _host = null!;

    private ApiKeys Keys => _host.Services.GetRequiredService<ApiKeys>();

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(
        options => options.Authentication.ApiKeys["billing"] = new ApiKeyOptions { Subject = "billing-service", Roles = ["operator"], Hashes = [Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Secret)))], Tenant = "a" },
        services => services.AddSingleton<TimeProvider>(_time));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_key_makes_its_caller_by_either_header()
    {
        foreach (var (name, value) in new[] { ("x-api-key", $"billing.{Secret}"), ("authorization", $"ApiKey billing.{Secret}") })
        {
            using var client = With(name, value);
            var context = await client.PostAsync("/rpc/probe/a/WhoAmI", null).OkAsync();
            Assert.Contains("billing-service", context, StringComparison.Ordinal);
            await client.PostAsync("/rpc/probe/a/ForAdmins", null).OkAsync();
            await client.PostAsync("/rpc/probe/a/ForTenant", null).OkAsync();
            await client.PostAsync("/rpc/probe/a/ForScopes", null).ProblemAsync(403, "PERMISSION_DENIED");
        }

        // On a connection and with gRPC too.
        await using var socket = await SocketClient.ConnectAsync(_host, "/jsonrpc", options => options.SetRequestHeader("x-api-key", $"billing.{Secret}"));
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.ForAdmins","params":["a"],"id":1}""");
        Assert.Equal("in", (string?)(await socket.ReceiveObjectAsync())["result"]);
        var grpc = new GrpcClient(_host);
        grpc.Headers.Remove("authorization");
        grpc.Headers["x-api-key"] = $"billing.{Secret}";
        (await grpc.CallAsync("ForAdmins", GrpcClient.Keyed())).Ok();
    }

    [Theory]
    [InlineData("billing.wrong")]
    [InlineData("billing.")]
    [InlineData("billing")]
    [InlineData(".a secret of the configuration")]
    [InlineData("nobody.a secret of the configuration")]
    [InlineData("Billing.a secret of the configuration")]
    [InlineData("billing.a secret of the configuratioN")]
    [InlineData("..")]
    public async Task Any_other_key_has_the_same_answer(string key)
    {
        using var client = With("x-api-key", key);
        var problem = await client.GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
        Assert.Equal("the API key is not valid", problem.Detail);
        Assert.DoesNotContain("secret", problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_of_any_length_ends_in_a_clean_refusal()
    {
        foreach (var length in new[] { 127, 128, 129, 8000 })
        {
            using var client = With("x-api-key", "billing." + new string('x', length));
            await client.GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
        }
    }

    [Fact]
    public async Task A_rotated_key_has_two_secrets_for_a_while_and_a_removed_one_none()
    {
        var (view, first) = await Keys.CreateAsync("robot", "robot", ["user"], [], null, TimeSpan.FromDays(30), "root", default);
        Assert.Equal(43, first.Split('.')[1].Length);
        var (_, second) = await Keys.RotateAsync(view.Id, TimeSpan.FromHours(1), default);
        await CallAsync(first, ok: true);
        await CallAsync(second, ok: true);

        // A third puts the oldest out at once.
        var (_, third) = await Keys.RotateAsync(view.Id, TimeSpan.FromHours(1), default);
        await CallAsync(first, ok: false);
        await CallAsync(second, ok: true);
        _time.Advance(TimeSpan.FromMinutes(61));
        await CallAsync(second, ok: false);
        await CallAsync(third, ok: true);
        Assert.Equal(1, Assert.Single(Keys.List()).Secrets);
        Assert.NotNull(Assert.Single(Keys.List()).LastUsed);

        var (_, fourth) = await Keys.RotateAsync(view.Id, TimeSpan.Zero, default);
        await CallAsync(third, ok: false);
        Assert.True(await Keys.RemoveAsync(view.Id, default));
        await CallAsync(fourth, ok: false);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => Keys.RotateAsync(view.Id, TimeSpan.Zero, default))).Code);
    }

    [Fact]
    public async Task A_key_ends_at_its_time()
    {
        var (_, key) = await Keys.CreateAsync("", "robot", [], [], null, TimeSpan.FromDays(1), "root", default);
        await CallAsync(key, ok: true);
        _time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        await CallAsync(key, ok: false);
        Assert.Empty(Keys.List());
    }

    [Fact]
    public async Task What_is_kept_of_a_key_says_nothing_of_its_secret()
    {
        var (view, key) = await Keys.CreateAsync("robot", "robot", ["user"], [], null, null, "root", default);
        var kept = _host.Services.GetRequiredService<ISharedTables>().Get("keys", 0).Rows[view.Id].Value;
        Assert.DoesNotContain(key.Split('.')[1], kept + JsonSerializer.Serialize(Keys.List()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_the_configuration_that_is_wrong_stops_the_start()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options =>
        {
            options.Authentication.ApiKeys["a.b"] = new ApiKeyOptions { Subject = "x", Hashes = [new string('0', 64)] };
            options.Authentication.ApiKeys["nobody"] = new ApiKeyOptions { Hashes = [new string('0', 64)] };
            options.Authentication.ApiKeys["plain"] = new ApiKeyOptions { Subject = "x", Hashes = ["hunter2"] };
        }));
        foreach (var id in new[] { "a.b", "nobody", "plain" }) Assert.Contains($"Granary:Authentication:ApiKeys:{id} ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    private HttpClient With(string header, string value)
    {
        var client = new HttpClient { BaseAddress = _host.Address };
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        return client;
    }

    private async Task CallAsync(string key, bool ok)
    {
        using var client = With("x-api-key", key);
        if (ok) await client.GetAsync("/rpc/probe/a/Key").OkAsync();
        else await client.GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
    }
}
