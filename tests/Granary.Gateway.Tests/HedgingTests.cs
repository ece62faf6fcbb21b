using Granary.Gateway.Hedging;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

/// <summary>Reads that are sent a second time.</summary>
public sealed class HedgingTests
{
    private int _calls;

    [Fact]
    public async Task The_second_answers_when_the_first_does_not_and_the_first_is_cancelled()
    {
        await using var host = await LearnedAsync();
        var cancelled = new TaskCompletionSource();
        host.Grains.OnKey = ct => Interlocked.Increment(ref _calls) == 1 ? HangAsync(ct, cancelled) : Task.FromResult("second");
        Assert.Equal("\"second\"", await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync());
        await cancelled.Task.Within();
        Assert.Equal(2, _calls);
    }

    [Fact]
    public async Task A_first_that_fails_while_the_second_runs_does_not_count()
    {
        await using var host = await LearnedAsync();
        var second = new TaskCompletionSource();
        host.Grains.OnKey = async ct =>
        {
            if (Interlocked.Increment(ref _calls) == 1)
            {
                await second.Task;
                throw new RpcException(StatusCode.Internal, "the first");
            }

            second.SetResult();
            await Task.Delay(20, ct);
            return "second";
        };
        Assert.Equal("\"second\"", await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync());
    }

    [Fact]
    public async Task When_both_fail_the_call_fails()
    {
        await using var host = await LearnedAsync();
        var second = new TaskCompletionSource();
        host.Grains.OnKey = async _ =>
        {
            if (Interlocked.Increment(ref _calls) == 2) second.SetResult();
            await second.Task;
            throw new RpcException(StatusCode.NotFound, "neither");
        };
        await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(404, "NOT_FOUND");
        Assert.Equal(2, _calls);
    }

    [Fact]
    public async Task Nothing_is_hedged_before_it_is_known_how_long_calls_take()
    {
        await using var host = await StartAsync("probe/Key");
        host.Grains.OnKey = _ => Task.Delay(100, CancellationToken.None).ContinueWith(_ => $"{Interlocked.Increment(ref _calls)}", TaskScheduler.Default);
        await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync();
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_service_that_has_become_slow_is_not_buried()
    {
        await using var host = await LearnedAsync();
        host.Grains.OnKey = async ct =>
        {
            Interlocked.Increment(ref _calls);
            await Task.Delay(30, ct);
            return "slow";
        };
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => host.Client.GetAsync("/rpc/probe/a/Key").OkAsync()));

        // The reserve of ten, and one in twenty of the calls.
        Assert.InRange(_calls, 201, 200 + 10 + 10);
    }

    [Theory]
    [InlineData("probe/Nowhere", "there is no such method")]
    [InlineData("probe/Multiply", "[ReadOnly]")]
    public async Task A_method_that_cannot_be_hedged_stops_the_start(string method, string message)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(method));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_estimate_follows_what_is_recorded_and_forgets()
    {
        var estimate = new LatencyEstimate();
        for (var i = 0; i < LatencyEstimate.Least; i++)
        {
            Assert.Null(estimate.Percentile(0.95));
            estimate.Record(TimeSpan.FromMilliseconds(i % 10 == 0 ? 50 : 1));
        }

        Assert.InRange(estimate.Percentile(0.85)!.Value.TotalMilliseconds, 1, 1.3);
        for (var i = 0; i < 64; i++) estimate.Record(TimeSpan.FromMilliseconds(i % 10 == 0 ? 50 : 1));
        Assert.InRange(estimate.Percentile(0.95)!.Value.TotalMilliseconds, 50, 65);
        for (var i = 0; i < 20_000; i++) estimate.Record(TimeSpan.FromMilliseconds(200));
        Assert.InRange(estimate.Percentile(0.5)!.Value.TotalMilliseconds, 200, 260);
        estimate.Record(TimeSpan.Zero);
        estimate.Record(TimeSpan.MaxValue);
    }

    private static async Task<string> HangAsync(CancellationToken ct, TaskCompletionSource cancelled)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
            return "never";
        }
        finally
        {
            cancelled.SetResult();
        }
    }

    private static Task<GatewayHost> StartAsync(string method) => GatewayHost.StartAsync(o =>
    {
        o.Hedging.Methods.Add(method);
        o.Hedging.LeastDelay = TimeSpan.FromMilliseconds(1);
        o.Deadlines.Default = TimeSpan.FromSeconds(60);
    });

    private static async Task<GatewayHost> LearnedAsync()
    {
        var host = await StartAsync("probe/*");
        for (var i = 0; i < LatencyEstimate.Least; i++) await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync();
        return host;
    }
}
