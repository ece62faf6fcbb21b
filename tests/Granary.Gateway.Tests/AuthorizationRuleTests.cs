using System.Diagnostics;
using Granary.Gateway.Authentication;
using Granary.Gateway.Authorization;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>Rules of the configuration: they close what contracts leave open, and open nothing.</summary>
public sealed class AuthorizationRuleTests
{
    [Fact]
    public async Task Only_the_own_grain_may_be_called_by_any_protocol_and_kind_of_call()
    {
        await using var host = await StartAsync(new AuthorizationRule { Methods = ["probe/*"], Key = "{sub}", Except = ["admin"] });
        foreach (var (path, body) in new[] { ("Key", null), ("Multiply", """{"a":7,"b":8}"""), ("Count?to=2", null), ("Sum", "1\n2\n") })
        {
            foreach (var (key, status) in new[] { ("alice", 200), ("bob", 403), ("Alice", 403), ("alice%2F", 403), ("alice%00", 403) })
            {
                using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, $"/rpc/probe/{key}/{path}");
                if (body is not null) request.Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue(path == "Sum" ? "application/x-ndjson" : "application/json"));
                if (path.StartsWith("Count", StringComparison.Ordinal)) request.Headers.Add("Accept", "application/x-ndjson");
                using var response = await host.Client.SendAsync(request);
                Assert.True((int)response.StatusCode == status || (status == 403 && (int)response.StatusCode == 400), $"{path} of {key}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            }
        }

        await host.As(host.Token("root", "admin")).GetAsync("/rpc/probe/bob/Key").OkAsync();

        // The key in a body, in an address of its own, in a message, in a batch, in a query.
        await host.PostAsync("/parcels", """{"name":"bob"}""").ProblemAsync(403, "PERMISSION_DENIED");
        await host.PostAsync("/parcels", """{"name":"alice"}""").OkAsync();
        await host.Client.GetAsync("/things/bob/parts/1").ProblemAsync(403, "PERMISSION_DENIED");
        var batch = await host.PostAsync("/jsonrpc", """[{"jsonrpc":"2.0","method":"probe.Key","params":["alice"],"id":1},{"jsonrpc":"2.0","method":"probe.Key","params":["bob"],"id":2},{"jsonrpc":"2.0","method":"probe.Key","params":{"key":"bob"},"id":3}]""").OkAsync();
        Assert.Equal((1, 2), (Count(batch, "\"result\""), Count(batch, "-32007")));
        var grpc = new GrpcClient(host);
        (await grpc.CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Failed(StatusCode.PermissionDenied);
        (await grpc.CallAsync("Sum", GrpcClient.Keyed())).Failed(StatusCode.PermissionDenied);
        (await grpc.CallAsync("Count", GrpcClient.Number(2))).Failed(StatusCode.PermissionDenied);
        await using var socket = await SocketClient.ConnectAsync(host, "/ws/probe/bob/Count?to=2", options => options.SetRequestHeader("Authorization", "Bearer " + host.Token("alice")));
        Assert.Contains("PERMISSION_DENIED", string.Concat(await socket.ReceiveAllAsync()), StringComparison.Ordinal);
        await using var calls = await SocketClient.ConnectAsync(host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + host.Token("alice")));
        await calls.SendAsync("""{"jsonrpc":"2.0","method":"probe.RunningSum","params":["bob"],"id":1}""");
        string text = "";
        while (!text.Contains("PERMISSION_DENIED", StringComparison.Ordinal)) text = await calls.ReceiveAsync() ?? throw new InvalidOperationException("closed");
    }

    [Fact]
    public async Task Rules_add_to_the_contract_and_never_open_what_it_closes()
    {
        await using var host = await StartAsync(
            new AuthorizationRule { Methods = ["probe/ForAdmins"], Roles = ["operator"] },
            new AuthorizationRule { Methods = ["probe/Open"], Roles = ["user"] },
            new AuthorizationRule { Methods = ["PROBE/nothing"], Deny = true, Except = ["admin"] },
            new AuthorizationRule { Methods = ["*/Add"], Scopes = ["math"] },
            new AuthorizationRule { Methods = ["probe/Multiply"], Policy = "tenant-a" });

        // admin is enough for the contract; operator for both; user for neither.
        await host.PostAsync("/rpc/probe/a/ForAdmins", "{}", host.As(host.Token("x", "admin"))).ProblemAsync(403, "PERMISSION_DENIED");
        await host.PostAsync("/rpc/probe/a/ForAdmins", "{}", host.As(host.Token("x", "operator"))).OkAsync();
        await host.PostAsync("/rpc/probe/a/ForAdmins", "{}", host.As(host.Token("x", "user"))).ProblemAsync(403, "PERMISSION_DENIED");
        await host.Anonymous.GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
        await host.Client.GetAsync("/rpc/probe/a/Open").OkAsync();
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").ProblemAsync(403, "PERMISSION_DENIED");
        await host.PostAsync("/rpc/probe/a/Nothing", "{}", host.As(host.Token("x", "admin"))).OkAsync(204);
        await host.Client.GetAsync("/rpc/probe/a/Add?a=1").ProblemAsync(403, "PERMISSION_DENIED");
        var issuer = host.Services.GetRequiredService<TokenIssuer>();
        await host.As(issuer.Issue("x", [], TimeSpan.FromHours(1), ["math"])).GetAsync("/rpc/probe/a/Add?a=1").OkAsync();
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":7,"b":8}""").ProblemAsync(403, "PERMISSION_DENIED");
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":7,"b":8}""", host.As(issuer.Issue("x", [], TimeSpan.FromHours(1), tenant: "a"))).OkAsync();
    }

    [Theory]
    [InlineData("{tenant}/*", "acme", "ann", "acme/x", true)]
    [InlineData("{tenant}/*", "acme", "ann", "acme/", false)]
    [InlineData("{tenant}/*", "acme", "ann", "acmecorp/x", false)]
    [InlineData("{tenant}/*", "acme", "ann", "other/acme/x", false)]
    [InlineData("{tenant}/*", null, "ann", "/x", false)]
    [InlineData("{tenant}/*", "acme/eu", "ann", "acme/eu/x", false)]
    [InlineData("{tenant}/{sub}", "acme", "ann", "acme/ann", true)]
    [InlineData("{tenant}/{sub}", "acme", "ann", "acme/anna", false)]
    [InlineData("{tenant}/{sub}", "acme/ann", "x", "acme/ann/x", false)]
    [InlineData("user-{sub}", null, "ann", "user-ann", true)]
    [InlineData("user-{sub}", null, "ann", "USER-ann", false)]
    [InlineData("public-*", null, "ann", "public-x", true)]
    [InlineData("{sub}", null, "ann", "ann", true)]
    [InlineData("{sub}", null, "", "", false)]
    public void A_key_belongs_to_a_caller_or_not(string pattern, string? tenant, string subject, string key, bool fits)
    {
        Assert.True(KeyTemplate.TryParse(pattern, out var template, out _));
        Assert.Equal(fits, template.Fits(ApiKey.CallerOf(subject, [], [], tenant, null, CredentialKind.Token), key));
    }

    [Theory]
    [InlineData("{sub}*")]
    [InlineData("{tenant}{sub}")]
    [InlineData("{role}")]
    [InlineData("a*b")]
    [InlineData("{sub")]
    [InlineData("sub}")]
    [InlineData("*")]
    [InlineData("")]
    public void A_pattern_that_would_let_one_pass_for_another_is_none(string pattern) => Assert.False(KeyTemplate.TryParse(pattern, out _, out _));

    [Fact]
    public async Task A_rule_that_protects_nothing_stops_the_start()
    {
        foreach (var (rule, detail) in new[]
        {
            (new AuthorizationRule { Methods = ["users/Gett"], Deny = true }, "no such method"),
            (new AuthorizationRule { Methods = ["probe/*"] }, "asks for nothing"),
            (new AuthorizationRule { Deny = true }, "has no Methods"),
            (new AuthorizationRule { Methods = ["probe/K*"], Deny = true }, "service/Method"),
            (new AuthorizationRule { Methods = ["probe/*"], Key = "{sub}*" }, "separator"),
        })
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(rule));
            Assert.Contains("Granary:Authorization:Rules:0", error.Message, StringComparison.Ordinal);
            Assert.Contains(detail, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_decision_is_in_the_span()
    {
        var spans = new System.Collections.Concurrent.ConcurrentQueue<(string? Decision, string? Reason, string? Method)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => spans.Enqueue(((string?)span.GetTagItem("granary.authorization"), (string?)span.GetTagItem("granary.refusal.reason"), (string?)span.GetTagItem("granary.key"))),
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await StartAsync(new AuthorizationRule { Methods = ["probe/Key"], Key = "{sub}-span" });
        await host.Client.GetAsync("/rpc/probe/alice-span/Key").OkAsync();
        await host.Client.GetAsync("/rpc/probe/bob-span/Key").ProblemAsync(403, "PERMISSION_DENIED");
        await Eventually.HoldsAsync(() => spans.Contains(("allowed", null, "alice-span")) && spans.Contains(("refused", "key", "bob-span")), "both decisions are seen");
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static Task<GatewayHost> StartAsync(params AuthorizationRule[] rules) => GatewayHost.StartAsync(options =>
    {
        foreach (var rule in rules) options.Authorization.Rules.Add(rule);
    });
}
