using System.Diagnostics;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>Calls that share a connection's request.</summary>
public sealed class LinkedSpanTests
{
    [Fact]
    public async Task Each_call_over_a_WebSocket_is_a_trace_of_its_own_that_is_linked_to_the_connections()
    {
        var connection = ActivityTraceId.CreateRandom();
        var calls = new TaskCompletionSource<Activity[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        List<Activity> ended = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or GatewayTelemetry.ActivitySourceName,
            Sample = (ref options) => options.TraceId == connection || options.Links?.Any(l => l.Context.TraceId == connection) == true ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                lock (ended)
                {
                    if (span.Links.Any(l => l.Context.TraceId == connection)) ended.Add(span);
                    if (ended.Count == 2) calls.TrySetResult([.. ended]);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await GatewayHost.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc", o => o.SetRequestHeader("traceparent", $"00-{connection}-b7ad6b7169203331-01"));
        for (var i = 0; i < 2; i++)
        {
            await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Multiply","params":{"key":"k","a":1,"b":2},"id":1}""");
            await socket.ReceiveAsync();
        }

        var spans = await calls.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(spans, s => Assert.Equal((GatewayTelemetry.ActivitySourceName, ActivityKind.Server, "granary.tests.v1.Probe/Multiply"), (s.Source.Name, s.Kind, s.DisplayName)));
        Assert.All(spans, s => Assert.NotEqual(connection, s.TraceId));
        Assert.NotEqual(spans[0].TraceId, spans[1].TraceId);
    }
}
