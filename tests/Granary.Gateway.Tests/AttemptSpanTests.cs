using System.Collections.Concurrent;
using System.Diagnostics;
using Granary.Gateway.Hedging;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>What a trace shows of a call that is made more than once.</summary>
public sealed class AttemptSpanTests : IDisposable
{
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;
    private int _calls;

    public AttemptSpanTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or GatewayTelemetry.ActivitySourceName,
            Sample = (ref options) => options.TraceId == _trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == _trace) _spans.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [Fact]
    public async Task Each_try_is_a_span_beneath_the_calls_with_its_outcome()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Grains.OnKey = _ => ++_calls == 1 ? throw new RpcException(StatusCode.Unavailable, "not now", new InvalidOperationException("password=hunter2")) : Task.FromResult("second");
        var (call, attempts) = await TraceAsync(host, "/rpc/probe/a/Key", 3);

        Assert.Equal(["Attempt granary.tests.v1.Probe/Key", "Attempt granary.tests.v1.Probe/Key"], attempts.Select(a => a.DisplayName));
        Assert.All(attempts, a => Assert.Equal(call.SpanId, a.ParentSpanId));
        Assert.Equal([1, 2], attempts.Select(a => a.GetTagItem("granary.attempt")));
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Unset], attempts.Select(a => a.Status));
        Assert.Equal(ActivityStatusCode.Unset, call.Status);

        // What went wrong is told by the exception's type and place; its text stays in the log.
        var failed = attempts[0];
        Assert.Equal(("UNAVAILABLE", "not now"), (failed.GetTagItem("rpc.response.status_code"), failed.StatusDescription));
        var told = Assert.Single(failed.Events).Tags.ToDictionary(t => t.Key, t => (string?)t.Value, StringComparer.Ordinal);
        Assert.Equal("System.InvalidOperationException", told["exception.type"]);
        Assert.DoesNotContain(told.Values, v => v!.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Both_attempts_of_a_hedged_call_are_spans()
    {
        await using var host = await GatewayHost.StartAsync(o =>
        {
            o.Hedging.Methods.Add("probe/Key");
            o.Hedging.LeastDelay = TimeSpan.FromMilliseconds(1);
        });
        for (var i = 0; i < LatencyEstimate.Least; i++) await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync();
        host.Grains.OnKey = async ct =>
        {
            if (Interlocked.Increment(ref _calls) == 1) await Task.Delay(Timeout.Infinite, ct);
            return "second";
        };
        var (call, attempts) = await TraceAsync(host, "/rpc/probe/a/Key", 3);

        Assert.All(attempts, a => Assert.Equal(call.SpanId, a.ParentSpanId));
        Assert.Equal([1, 2], attempts.Select(a => a.GetTagItem("granary.attempt")));
        Assert.Equal(["CANCELLED", null], attempts.Select(a => a.GetTagItem("rpc.response.status_code")));
    }

    [Fact]
    public async Task A_call_that_cannot_be_repeated_has_no_span_but_its_own()
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Multiply") { Content = new StringContent("""{"a":1,"b":2}""", null, "application/json") };
        request.Headers.Add("traceparent", $"00-{_trace}-b7ad6b7169203331-01");
        await host.Client.SendAsync(request).OkAsync();
        await SpansAsync(1);
        Assert.Single(_spans);
    }

    public void Dispose() => _listener.Dispose();

    private async Task<(Activity Call, Activity[] Attempts)> TraceAsync(GatewayHost host, string path, int spans)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("traceparent", $"00-{_trace}-b7ad6b7169203331-01");
        await host.Client.SendAsync(request).OkAsync();
        await SpansAsync(spans);
        var call = Assert.Single(_spans, s => s.Source.Name == "Microsoft.AspNetCore");
        return (call, [.. _spans.Where(s => s != call).OrderBy(s => s.StartTimeUtc)]);
    }

    private async Task SpansAsync(int count)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (_spans.Count < count) await Task.Delay(5, end.Token);
    }
}
