using System.Text;
using System.Text.Json;
using Granary.Gateway.Idempotency;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>Calls that come more than once and run once.</summary>
public sealed class IdempotencyTests
{
    private const string Product = """{"a":7,"b":8}""";

    [Fact]
    public async Task The_same_call_runs_once_and_is_answered_every_time()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        using var first = await SendAsync(host, "Multiply", Product, "k1");
        using var second = await SendAsync(host, "Multiply", Product, "\"k1\"");
        Assert.Equal("56", await first.Content.ReadAsStringAsync());
        Assert.Equal("56", await second.Content.ReadAsStringAsync());
        Assert.False(first.Headers.Contains("idempotency-replayed"));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("idempotency-replayed")));
        Assert.Equal(1, count.Calls);
        await SendAsync(host, "Multiply", Product, "k2").OkAsync();
        await SendAsync(host, "Multiply", Product, null).OkAsync();
        Assert.Equal(3, count.Calls);
    }

    [Fact]
    public async Task It_does_not_matter_by_which_protocol_it_comes()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        await SendAsync(host, "Multiply", Product, "k").OkAsync();
        var grpc = new GrpcClient(host) { Headers = { ["idempotency-key"] = "k" } };
        Assert.Equal(56, GrpcClient.Double(Assert.Single((await grpc.CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Messages)));
        using var byJsonRpc = await SendAsync(host, "/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"probe.Multiply","params":["a",7,8]}""", "k");
        Assert.Contains("\"result\":56", await byJsonRpc.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(1, count.Calls);
    }

    [Fact]
    public async Task Each_call_of_a_batch_is_a_call_of_its_own()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        const string Batch = """[{"jsonrpc":"2.0","id":1,"method":"probe.Multiply","params":["a",7,8]},{"jsonrpc":"2.0","id":2,"method":"probe.Multiply","params":["a",2,3]}]""";
        for (var i = 0; i < 2; i++)
        {
            using var json = JsonDocument.Parse(await SendAsync(host, "/jsonrpc", Batch, "k").OkAsync());
            Assert.Equal([6, 56], json.RootElement.EnumerateArray().Select(r => r.GetProperty("result").GetDouble()).Order());
        }

        Assert.Equal(2, count.Calls);
    }

    [Theory]
    [InlineData("/rpc/probe/a/Multiply", """{"a":7,"b":9}""")]
    [InlineData("/rpc/probe/b/Multiply", Product)]
    [InlineData("/rpc/probe/a/Fail", """{"how":"Aborted"}""")]
    public async Task A_key_belongs_to_one_call(string path, string body)
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        await SendAsync(host, "Multiply", Product, "k").OkAsync();
        var problem = await SendAsync(host, path, body, "k").ProblemAsync(422, "INVALID_ARGUMENT");
        Assert.Contains("IDEMPOTENCY_KEY_REUSED", problem.Text, StringComparison.Ordinal);
        Assert.Equal(1, count.Calls);
    }

    [Fact]
    public async Task Callers_do_not_find_each_others_calls()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        using var bob = host.As(host.Token("bob", "user"));
        await SendAsync(host, "Multiply", Product, "k").OkAsync();
        await SendAsync(host, "Multiply", """{"a":1,"b":1}""", "k", bob).OkAsync();
        Assert.Equal(2, count.Calls);
    }

    [Fact]
    public async Task Equal_calls_at_the_same_time_wait_for_the_one_that_runs()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        var calls = Enumerable.Range(0, 20).Select(_ => SendAsync(host, "Hold", "{}", "k").OkAsync()).ToArray();
        await host.Grains.HeldAsync(1);
        host.Grains.Go.SetResult();
        Assert.Single((await Task.WhenAll(calls)).Distinct());
        Assert.Equal(1, count.Calls);
    }

    [Fact]
    public async Task A_caller_who_leaves_finds_the_answer_when_it_comes_back()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        using var leaving = new CancellationTokenSource();
        var call = SendAsync(host, "Hold", "{}", "k", cancellation: leaving.Token);
        await host.Grains.HeldAsync(1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Eventually.HoldsAsync(() => count.Left == 1, "the gateway has noticed");
        host.Grains.Go.SetResult();
        await SendAsync(host, "Hold", "{}", "k").OkAsync();
        Assert.Equal(1, count.Calls);
    }

    [Fact]
    public async Task A_caller_whose_time_is_up_finds_the_answer_when_it_comes_back()
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        await SendAsync(host, "Hold", "{}", "k", timeout: "50ms").ProblemAsync(504, "DEADLINE_EXCEEDED");
        var problem = await SendAsync(host, "Hold", "{}", "k", timeout: "50ms").ProblemAsync(409, "ABORTED");
        Assert.Contains("IDEMPOTENT_CALL_RUNNING", problem.Text, StringComparison.Ordinal);
        Assert.NotNull(problem.Response.Headers.RetryAfter);
        host.Grains.Go.SetResult();
        await SendAsync(host, "Hold", "{}", "k").OkAsync();
        Assert.Equal(1, count.Calls);
    }

    [Fact]
    public async Task An_error_is_an_answer_too()
    {
        var count = new Count();
        await using var host = await StartAsync(count, o => o.Fail(StatusCode.FailedPrecondition, afterRunning: true));
        for (var i = 0; i < 2; i++) await SendAsync(host, "Multiply", Product, "k").ProblemAsync(400, "FAILED_PRECONDITION");
        Assert.Equal(1, count.Calls);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, 503, "UNAVAILABLE")]
    [InlineData(StatusCode.DeadlineExceeded, 504, "DEADLINE_EXCEEDED")]
    public async Task A_call_that_may_have_run_does_not_run_again(StatusCode code, int status, string name)
    {
        var count = new Count();
        await using var host = await StartAsync(count, o => o.Fail(code, afterRunning: true));
        await SendAsync(host, "Multiply", Product, "k").ProblemAsync(status, name);
        var problem = await SendAsync(host, "Multiply", Product, "k").ProblemAsync(409, "ABORTED");
        Assert.Contains("IDEMPOTENT_OUTCOME_UNKNOWN", problem.Text, StringComparison.Ordinal);
        Assert.Equal(1, count.Calls);
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, true, 429, "RESOURCE_EXHAUSTED")]
    [InlineData(StatusCode.Unavailable, false, 503, "UNAVAILABLE")]
    public async Task A_call_that_did_not_run_runs_when_it_comes_again(StatusCode code, bool afterRunning, int status, string name)
    {
        var count = new Count();
        await using var host = await StartAsync(count, o => o.Fail(code, afterRunning));
        await SendAsync(host, "Multiply", Product, "k").ProblemAsync(status, name);
        count.Fail(StatusCode.Ok, false);
        await SendAsync(host, "Multiply", Product, "k").OkAsync();
        Assert.Equal(2, count.Calls);
    }

    [Fact]
    public async Task Without_its_store_a_call_with_a_key_does_not_run()
    {
        var count = new Count();
        await using var host = await StartAsync(count, services: services => services.AddSingleton<IIdempotencyStore, Away>());
        await SendAsync(host, "Multiply", Product, "k").ProblemAsync(503, "UNAVAILABLE");
        Assert.Equal(0, count.Calls);
        await SendAsync(host, "Multiply", Product, null).OkAsync();
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("two words")]
    [InlineData("a\"b")]
    [InlineData(null)]
    public async Task What_is_no_key_is_refused(string? key)
    {
        var count = new Count();
        await using var host = await StartAsync(count);
        var problem = await SendAsync(host, "Multiply", Product, key ?? new string('k', 256)).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal("idempotency-key", Assert.Single(problem.Errors).Field);
        Assert.Equal(0, count.Calls);
    }

    private static Task<GatewayHost> StartAsync(Count count, Action<Count>? prepare = null, Action<IServiceCollection>? services = null)
    {
        prepare?.Invoke(count);
        return GatewayHost.StartAsync(o => o.Deadlines.Default = TimeSpan.FromSeconds(60), all =>
        {
            all.AddSingleton<IRpcFilter>(count);
            all.AddSingleton<IRpcFilter>(new Leaving(count));
            services?.Invoke(all);
        });
    }

    private static async Task<HttpResponseMessage> SendAsync(GatewayHost host, string method, string body, string? key, HttpClient? client = null, string? timeout = null, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, method.StartsWith('/') ? method : $"/rpc/probe/a/{method}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (timeout is not null) request.Headers.Add("Request-Timeout", timeout);
        return await (client ?? host.Client).SendAsync(request, cancellation);
    }

    /// <summary>Counts what gets to the grain, and fails it there or before.</summary>
    private sealed class Count : IRpcFilter
    {
        public int Calls;
        public int Left;
        private StatusCode _code;
        private bool _afterRunning;

        public int Order => RpcStage.Invoke - 1;

        public bool Supports(RpcMethod method) => true;

        public void Fail(StatusCode code, bool afterRunning) => (_code, _afterRunning) = (code, afterRunning);

        public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            Interlocked.Increment(ref Calls);
            if (_code == StatusCode.Ok || _afterRunning) await next(call);
            if (_code != StatusCode.Ok) call.Error = new RpcException(_code, "as the test wants");
        }
    }

    private sealed class Leaving(Count count) : IRpcFilter
    {
        public int Order => RpcStage.Telemetry - 1;

        public bool Supports(RpcMethod method) => true;

        public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            await next(call);
            if (call.Error?.Code == StatusCode.Cancelled) Interlocked.Increment(ref count.Left);
        }
    }

    private sealed class Away : IIdempotencyStore
    {
        public ValueTask<IdempotencyEntry> BeginAsync(string id, ReadOnlyMemory<byte> fingerprint, string owner, TimeSpan lease, TimeSpan keep, bool mayTakeOver, CancellationToken cancellation) =>
            throw new RpcException(StatusCode.Unavailable, "away");

        public ValueTask EndAsync(string id, string owner, ReadOnlyMemory<byte>? outcome, CancellationToken cancellation) => throw new RpcException(StatusCode.Unavailable, "away");

        public ValueTask ForgetAsync(string id, string owner, CancellationToken cancellation) => throw new RpcException(StatusCode.Unavailable, "away");
    }
}
