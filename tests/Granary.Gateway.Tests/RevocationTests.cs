using Granary.Gateway.Authentication;
using Granary.Gateway.Blocking;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>Tokens, and what is open by them, after they were revoked.</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private const string Address = "/rpc/probe/a/Key";
    private readonly TestClock _time = new();
    private GatewayHost _host = null!;

    private Revocations Revocations => _host.Services.GetRequiredService<Revocations>();

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(services: services => services.AddSingleton<TimeProvider>(_time));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_token_that_is_revoked_is_refused_also_where_it_is_remembered_and_others_of_its_subject_are_not()
    {
        var token = _host.Token("ann", "user");
        var client = _host.As(token);
        await client.GetAsync(Address).OkAsync();
        var revoked = await Revocations.RevokeTokenAsync(IdOf(token), null, "lost", "root", default);
        for (var i = 0; i < 2; i++)
        {
            var problem = await client.GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
            Assert.Contains("revoked", problem.Detail, StringComparison.Ordinal);
        }

        await _host.As(_host.Token("ann", "user")).GetAsync(Address).OkAsync();
        await client.GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
        Assert.Equal(revoked.Id, Assert.Single(Revocations.List(null, 10)).Id);
        Assert.True(await Revocations.RemoveAsync(revoked.Id, default));
        await client.GetAsync(Address).OkAsync();
    }

    [Fact]
    public async Task All_tokens_that_a_subject_was_issued_until_now_are_refused_and_later_ones_are_not()
    {
        var old = _host.As(_host.Token("ann"));
        var other = _host.As(_host.Token("anna"));
        await old.GetAsync(Address).OkAsync();
        await Revocations.RevokeSubjectAsync("ann", null, "", "root", default);
        await old.GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
        await other.GetAsync(Address).OkAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        await _host.As(_host.Token("ann")).GetAsync(Address).OkAsync();

        // An earlier moment does not take back a later one.
        await Revocations.RevokeSubjectAsync("ann", _time.GetUtcNow().AddDays(-1), "", "root", default);
        await old.GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_revocation_outlives_every_token_it_is_about()
    {
        var longest = new GatewayOptions().Authentication.LongestToken;
        var token = _host.Services.GetRequiredService<TokenIssuer>().Issue("ann", [], longest);
        await Revocations.RevokeTokenAsync(IdOf(token), null, "", "root", default);
        _time.Advance(longest - TimeSpan.FromSeconds(1));
        Assert.Contains("revoked", (await _host.As(token).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED")).Detail, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Empty(Revocations.List(null, 10));
        Assert.Contains("expired", (await _host.As(token).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_revoked_caller_has_open_ends_in_every_protocol()
    {
        var token = _host.Token("ann", "user");
        await using var idle = await SocketClient.ConnectAsync(_host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        await using var stream = await SocketClient.ConnectAsync(_host, "/ws/probe/a/Live", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        await using var calls = await SocketClient.ConnectAsync(_host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        await calls.SendAsync("""{"jsonrpc":"2.0","method":"probe.Live","params":["a"],"id":1}""");
        await calls.ReceiveAsync();
        using var http = _host.As(token);
        http.DefaultRequestHeaders.Add("Accept", "text/event-stream");
        using var events = await http.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Live"), HttpCompletionOption.ResponseHeadersRead);
        var grpc = new GrpcClient(_host);
        grpc.Headers["authorization"] = "Bearer " + token;
        await using var plain = await GatewayHost.StartAsync();
        var (response, _) = await grpc.OpenAsync("Live", GrpcClient.Frame(GrpcClient.Keyed()), complete: true);
        await _host.Grains.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await Revocations.RevokeSubjectAsync("ann", null, "", "root", default);
        Assert.Null(await idle.ReceiveAsync());
        Assert.Equal(4016, idle.CloseCode);
        string? last = null;
        while (await stream.ReceiveAsync() is { } text) last = text;
        Assert.Equal(4016, stream.CloseCode);
        if (last is not null) Assert.Contains("revoked", last, StringComparison.Ordinal);
        while (await calls.ReceiveAsync() is not null)
        {
        }

        Assert.Equal(4016, calls.CloseCode);
        Assert.Contains("UNAUTHENTICATED", await events.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
        var answer = await GrpcAnswer.ReadAsync(response, "application/grpc").WaitAsync(TimeSpan.FromSeconds(30));
        answer.Failed(StatusCode.Unauthenticated);
        response.Dispose();
    }

    [Fact]
    public async Task A_blocked_subject_is_refused_whatever_proves_who_it_is_and_what_it_has_open_ends()
    {
        var blocks = _host.Services.GetRequiredService<BlockList>();
        var token = _host.Token("ann", "user");
        await using var idle = await SocketClient.ConnectAsync(_host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        await blocks.AddAsync("subject", "ann", TimeSpan.FromMinutes(5), "", "root", null, default);
        Assert.Null(await idle.ReceiveAsync());
        Assert.Equal(4007, idle.CloseCode);
        await _host.As(token).GetAsync(Address).ProblemAsync(403, "PERMISSION_DENIED");
        var (_, key) = await _host.Services.GetRequiredService<ApiKeys>().CreateAsync("", "ann", [], [], null, null, "root", default);
        using var machine = new HttpClient { BaseAddress = _host.Address };
        machine.DefaultRequestHeaders.Add("x-api-key", key);
        await machine.GetAsync(Address).ProblemAsync(403, "PERMISSION_DENIED");
        _time.Advance(TimeSpan.FromMinutes(6));
        await machine.GetAsync(Address).OkAsync();
    }

    private static string IdOf(string token) => System.Text.Json.JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("jti").GetString()!;
}
