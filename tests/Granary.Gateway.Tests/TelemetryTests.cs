using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Calls_are_timed_by_method_and_code()
    {
        await using var host = await GatewayHost.StartAsync();
        using var meter = new Measurements(host);
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":1,"b":2}""").OkAsync();
        await host.PostAsync("/rpc/probe/a/Multiply", "{}").ProblemAsync(400, "INVALID_ARGUMENT");
        await host.PostAsync("/rpc/probe/a/Multiply", "{}", host.Anonymous).ProblemAsync(401, "UNAUTHENTICATED");
        await host.Client.GetAsync("/rpc/probe/a/Count?to=5").OkAsync();
        Assert.Equal(
            [
                "granary.tests.v1.Probe/Count OK http", "granary.tests.v1.Probe/Multiply INVALID_ARGUMENT http", "granary.tests.v1.Probe/Multiply OK http", "granary.tests.v1.Probe/Multiply UNAUTHENTICATED http",
            ],
            await meter.DurationsAsync(4));
        Assert.Equal(5, meter.Items);
    }

    [Fact]
    public async Task Calls_under_way_are_counted_until_they_end()
    {
        await using var host = await GatewayHost.StartAsync();
        using var meter = new Measurements(host);
        await host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        using (await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Live"), HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(1, meter.ReadActive("granary.tests.v1.Probe/Live"));
        }

        await meter.DurationsAsync(1);
        Assert.Equal(0, meter.ReadActive("granary.tests.v1.Probe/Live"));
    }

    [Fact]
    public async Task The_span_of_a_call_is_named_by_its_method_and_tells_its_outcome()
    {
        var trace = ActivityTraceId.CreateRandom();
        var spans = new ConcurrentQueue<Activity>();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref options) => options.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId != trace) return;
                spans.Enqueue(span);
                ended.TrySetResult();
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/k/Fail") { Content = new StringContent("""{"how":"Unavailable"}""", null, "application/json") };
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        await host.Client.SendAsync(request).ProblemAsync(503, "UNAVAILABLE");
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var span = Assert.Single(spans);
        Assert.Equal("granary.tests.v1.Probe/Fail", span.DisplayName);
        Assert.Equal("UNAVAILABLE", span.GetTagItem("rpc.response.status_code"));
        Assert.Equal("k", span.GetTagItem("granary.key"));
        Assert.Equal(ActivityStatusCode.Error, span.Status);
    }

    private sealed class Measurements : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentQueue<string> _durations = new();
        private readonly SemaphoreSlim _arrived = new(0);
        private readonly ConcurrentDictionary<string, long> _active = new();
        private long _items;

        public Measurements(GatewayHost host)
        {
            var factory = host.Services.GetService(typeof(IMeterFactory));
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == GatewayTelemetry.MeterName && instrument.Meter.Scope == factory) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
            {
                _durations.Enqueue(string.Join(' ', tags.ToArray().Select(t => t.Value)));
                _arrived.Release();
            });
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                if (instrument.IsObservable) _active[(string)tags[0].Value!] = value;
                else if (instrument.Name == "rpc.server.stream.items") Interlocked.Add(ref _items, value);
            });
            _listener.Start();
        }

        public long Items => Volatile.Read(ref _items);

        // A call is measured when its response has been written, which its caller may see a moment earlier.
        public async Task<IEnumerable<string>> DurationsAsync(int count)
        {
            for (var i = 0; i < count; i++) Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(30)));
            return _durations.Order(StringComparer.Ordinal);
        }

        public long ReadActive(string method)
        {
            _listener.RecordObservableInstruments();
            return _active[method];
        }

        public void Dispose() => _listener.Dispose();
    }
}
