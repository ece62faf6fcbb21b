using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>Calls that fail on their way to the grain and are made again.</summary>
public sealed class RetryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_method_that_changes_nothing_is_called_again(bool throws)
    {
        var fate = new Fate { Failures = 2, Throws = throws };
        await using var host = await StartAsync(fate);
        Assert.Equal("\"a\"", await (await host.Client.GetAsync("/rpc/probe/a/Key")).Content.ReadAsStringAsync());
        Assert.Equal(3, fate.Attempts);
    }

    [Fact]
    public async Task What_may_have_run_and_cannot_be_repeated_is_not()
    {
        var fate = new Fate { Failures = 1 };
        await using var host = await StartAsync(fate);
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":1,"b":2}""").ProblemAsync(503, "UNAVAILABLE");
        Assert.Equal(1, fate.Attempts);
    }

    [Theory]
    [InlineData(StatusCode.Internal, 500, "INTERNAL")]
    [InlineData(StatusCode.ResourceExhausted, 429, "RESOURCE_EXHAUSTED")]
    [InlineData(StatusCode.DeadlineExceeded, 504, "DEADLINE_EXCEEDED")]
    public async Task Only_an_unavailable_target_is_called_again(StatusCode code, int status, string name)
    {
        var fate = new Fate { Failures = 1, Code = code };
        await using var host = await StartAsync(fate);
        await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(status, name);
        Assert.Equal(1, fate.Attempts);
    }

    [Fact]
    public async Task The_attempts_are_counted()
    {
        var fate = new Fate { Failures = int.MaxValue };
        await using var host = await StartAsync(fate);
        await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(503, "UNAVAILABLE");
        Assert.Equal(3, fate.Attempts);
    }

    [Fact]
    public async Task A_budget_keeps_retries_from_burying_a_service()
    {
        var fate = new Fate { Failures = int.MaxValue };
        await using var host = await StartAsync(fate, o =>
        {
            o.Breakers.Enabled = false;
            o.Retries.BudgetReserve = 4;
            o.Retries.BudgetRatio = 0.1;
        });
        for (var i = 0; i < 100; i++) await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(503, "UNAVAILABLE");

        // A hundred calls, the four of the reserve, and a tenth of the calls that found the bucket not full.
        Assert.InRange(fate.Attempts, 104, 114);
    }

    [Fact]
    public async Task A_wait_that_the_deadline_does_not_allow_is_not_begun()
    {
        var fate = new Fate { Failures = 1, RetryAfter = TimeSpan.FromMinutes(1) };
        await using var host = await StartAsync(fate);
        var problem = await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(503, "UNAVAILABLE");
        Assert.Equal(1, fate.Attempts);
        Assert.Equal("away", problem.Detail);
    }

    [Fact]
    public async Task When_the_time_is_up_during_a_repetition_the_caller_learns_why_it_was_repeated()
    {
        var fate = new Fate { Failures = 1 };
        await using var host = await StartAsync(fate, o => o.Deadlines.Default = TimeSpan.FromMilliseconds(300));
        host.Grains.OnKey = async ct =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return "never";
        };
        Assert.Equal("away", (await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(503, "UNAVAILABLE")).Detail);
        Assert.Equal(2, fate.Attempts);
    }

    [Fact]
    public async Task A_caller_who_leaves_during_the_wait_ends_it()
    {
        var fate = new Fate { Failures = 1, RetryAfter = TimeSpan.FromSeconds(100) };
        await using var host = await StartAsync(fate, o => o.Deadlines.Default = o.Deadlines.Maximum = TimeSpan.FromHours(1));
        using var leaving = new CancellationTokenSource();
        var call = host.Client.GetAsync("/rpc/probe/a/Key", leaving.Token);
        await Eventually.HoldsAsync(() => fate.Attempts == 1, "the first attempt");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Eventually.HoldsAsync(() => fate.Ended == 1, "the end of the call");
        Assert.Equal(1, fate.Attempts);
    }

    private static Task<GatewayHost> StartAsync(Fate fate, Action<GatewayOptions>? configure = null) => GatewayHost.StartAsync(
        o =>
        {
            o.Retries.FirstDelay = o.Retries.MaximumDelay = TimeSpan.FromMilliseconds(1);
            configure?.Invoke(o);
        },
        services =>
        {
            services.AddSingleton<IRpcFilter>(fate);
            services.AddSingleton<IRpcFilter>(new Witness(fate));
        });

    /// <summary>Fails the first attempts.</summary>
    private sealed class Fate : IRpcFilter
    {
        public int Attempts;
        public int Ended;

        public int Failures { get; init; }

        public bool Throws { get; init; }

        public StatusCode Code { get; init; } = StatusCode.Unavailable;

        public TimeSpan? RetryAfter { get; init; }

        public int Order => RpcStage.Invoke - 1;

        public bool Supports(RpcMethod method) => true;

        public ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            if (Interlocked.Increment(ref Attempts) > Failures) return next(call);
            var error = new RpcException(Code, "away") { RetryAfter = RetryAfter };
            if (Throws) throw error;
            call.Error = error;
            return default;
        }
    }

    private sealed class Witness(Fate fate) : IRpcFilter
    {
        public int Order => RpcStage.Telemetry - 1;

        public bool Supports(RpcMethod method) => true;

        public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            await next(call);
            Interlocked.Increment(ref fate.Ended);
        }
    }
}
