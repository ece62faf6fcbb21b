using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;

namespace Granary.Tests;

/// <summary>What a scraper gets, over a socket.</summary>
public sealed class MetricsTests
{
    private readonly string _meterName = "Test." + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task Counters_gauges_and_histograms_have_their_Prometheus_names_and_values()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName, "1.2");
        meter.CreateCounter<long>("test.calls", "{call}", "Calls made").Add(3, new KeyValuePair<string, object?>("rpc.method", "Multiply"));
        meter.CreateUpDownCounter<int>("test.open").Add(-2);
        meter.CreateObservableGauge("test.fill", () => 0.25, "1", "How full");
        var histogram = meter.CreateHistogram<double>("test.duration", "s", "How long");
        foreach (var value in (double[])[0.0002, 0.003, 0.003, 99]) histogram.Record(value);

        var families = await host.FamiliesAsync();

        var calls = families["test_calls_total"];
        Assert.Equal(("counter", "Calls made"), (calls.Type, calls.Help));
        var sample = Assert.Single(calls.Samples);
        Assert.Equal(3, sample.Value);
        Assert.Equal("Multiply", sample.Labels["rpc_method"]);
        Assert.Equal(_meterName, sample.Labels["otel_scope_name"]);
        Assert.Equal("1.2", sample.Labels["otel_scope_version"]);
        Assert.Equal(("gauge", -2d), (families["test_open"].Type, families["test_open"].Samples.Single().Value));
        Assert.Equal(0.25, families["test_fill_ratio"].Samples.Single().Value);
        var duration = families["test_duration_seconds"].Samples;
        Assert.Equal(4, duration.Single(s => s.Name.EndsWith("_count", StringComparison.Ordinal)).Value);
        Assert.Equal(99.0062, duration.Single(s => s.Name.EndsWith("_sum", StringComparison.Ordinal)).Value, 6);
        Assert.Equal(1, duration.Single(s => s.Labels.GetValueOrDefault("le") == "0.00025").Value);
        Assert.Equal(3, duration.Single(s => s.Labels.GetValueOrDefault("le") == "0.005").Value);
        Assert.Equal(3, duration.Single(s => s.Labels.GetValueOrDefault("le") == "10").Value);
        Assert.Contains("dotnet_gc_collections_total", families.Keys);
        Assert.Equal("granary-test", families["target_info"].Samples.Single().Labels["service_name"]);
    }

    [Fact]
    public async Task Times_are_seconds_whatever_the_instrument_counts()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName);
        meter.CreateCounter<long>("test.busy", "ms").Add(1500);
        meter.CreateHistogram("test.wait", "ms", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [5, 75] }).Record(7);

        var families = await host.FamiliesAsync();
        Assert.Equal(1.5, families["test_busy_seconds_total"].Samples.Single().Value);
        var wait = families["test_wait_seconds"].Samples;
        Assert.Equal(["0.005", "0.075", "+Inf"], wait.Where(s => s.Labels.ContainsKey("le")).Select(s => s.Labels["le"]));
        Assert.Equal([0, 1, 1, 0.007, 1], wait.Select(s => s.Value));
    }

    [Fact]
    public async Task OpenMetrics_carries_units_and_the_exemplars_of_sampled_traces()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName);
        var counter = meter.CreateCounter<long>("test.calls");
        var histogram = meter.CreateHistogram<double>("test.duration", "s");
        using var traced = new Activity("call").SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").Start();
        traced.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        counter.Add(5);
        histogram.Record(0.003);
        traced.Stop();
        using var untraced = new Activity("call").Start();
        untraced.ActivityTraceFlags = ActivityTraceFlags.None;
        histogram.Record(20);
        untraced.Stop();

        var (text, contentType) = await host.ScrapeAsync(TelemetryHost.OpenMetrics);
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", contentType);
        var families = Exposition.Parse(text, openMetrics: true);

        Assert.Equal("seconds", families["test_duration_seconds"].Unit);
        Assert.Equal("info", families["target"].Type);
        var exemplar = families["test_calls"].Samples.Single().Exemplar;
        Assert.NotNull(exemplar);
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", traced.SpanId.ToHexString(), 5d), (exemplar.Labels["trace_id"], exemplar.Labels["span_id"], exemplar.Value));
        var bucket = Assert.Single(families["test_duration_seconds"].Samples, s => s.Exemplar is not null);
        Assert.Equal("0.005", bucket.Labels["le"]);
        Assert.DoesNotContain(" # {", (await host.ScrapeAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_names_and_values_are_escaped_and_cut()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName);
        meter.CreateCounter<double>("test-t.st/total", "By/s", "line one\nline \"two\" \\ end").Add(
            0.5,
            new("quote\"d key", "a\"b\\c\nd\u2028é"),
            new("7", double.NaN),
            new("same.label", 1),
            new("same_label", true),
            new("long", new string('x', 10_000)));
        meter.CreateObservableGauge("test.strange", () => new Measurement<double>[] { new(double.NaN, new KeyValuePair<string, object?>("v", "nan")), new(double.NegativeInfinity) });

        foreach (var open in (bool[])[true, false])
        {
            var families = await host.FamiliesAsync(open);
            var family = families.Values.Single(f => f.Name.StartsWith("test_t_st", StringComparison.Ordinal));
            Assert.Equal("line one\nline \"two\" \\ end", family.Help);
            var labels = family.Samples.Single().Labels;
            Assert.Equal("a\"b\\c\nd\u2028é", labels["quote_d_key"]);
            Assert.Equal("NaN", labels["_7"]);
            Assert.Equal("1;true", labels["same_label"]);
            Assert.Equal(512, labels["long"].Length);
            Assert.True(double.IsNaN(families["test_strange"].Samples.Single(s => s.Labels.ContainsKey("v")).Value));
            Assert.Equal(double.NegativeInfinity, families["test_strange"].Samples.Single(s => !s.Labels.ContainsKey("v")).Value);
        }
    }

    [Fact]
    public async Task A_metric_whose_name_is_taken_is_left_out_and_the_log_says_so_once()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName);
        var name = "clash" + Guid.NewGuid().ToString("N");
        meter.CreateCounter<long>(name + ".a").Add(1);
        meter.CreateUpDownCounter<long>(name + "_a").Add(1);
        meter.CreateHistogram<long>(name + ".b").Record(1);
        meter.CreateObservableGauge(name + ".b.count", () => 1);
        meter.CreateCounter<long>(name + "/a").Add(7);

        await host.FamiliesAsync();
        var families = await host.FamiliesAsync();

        Assert.Equal(1, families[name + "_a_total"].Samples.Single().Value);
        Assert.Equal("histogram", families[name + "_b"].Type);
        Assert.Equal(3, TelemetryHost.Lines.All.Count(l => l.Contains(name, StringComparison.Ordinal) && l.Contains("Rename one of them", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Label_sets_are_bounded_and_the_rest_is_counted_as_overflow()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName, ("Granary:Telemetry:MaxSeriesPerMetric", "20"));
        using var meter = new Meter(_meterName);
        var counter = meter.CreateCounter<long>("test.calls");
        for (var i = 0; i < 1000; i++) counter.Add(1, new KeyValuePair<string, object?>("caller", i));

        var samples = (await host.FamiliesAsync())["test_calls_total"].Samples;

        Assert.InRange(samples.Count, 2, 21);
        Assert.Equal(1000, samples.Sum(s => s.Value));
        Assert.Equal(1000 - (samples.Count - 1), samples.Single(s => s.Labels.GetValueOrDefault("otel_metric_overflow") == "true").Value);
    }

    [Fact]
    public async Task Scrapes_at_the_same_time_each_get_everything_in_their_format()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using var meter = new Meter(_meterName);
        var counter = meter.CreateCounter<long>("test.calls");
        counter.Add(1);

        var scrapes = Enumerable.Range(0, 24).Select(async i =>
        {
            counter.Add(1);
            var families = await host.FamiliesAsync(i % 2 == 0);
            Assert.InRange(families[i % 2 == 0 ? "test_calls" : "test_calls_total"].Samples.Single().Value, 2, 25);
        });

        await Task.WhenAll(scrapes);
    }

    [Fact]
    public async Task The_metrics_of_a_meter_that_is_gone_are_gone()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        using (var meter = new Meter(_meterName))
        {
            meter.CreateCounter<long>("test.calls").Add(1);
            Assert.Contains("test_calls_total", (await host.FamiliesAsync()).Keys);
        }

        await host.FamiliesAsync();
        Assert.DoesNotContain("test_calls_total", (await host.FamiliesAsync()).Keys);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", true)]
    [InlineData("application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.1", false)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9", false)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", true)]
    [InlineData("text/plain;;;,,, =", false)]
    public async Task A_scraper_gets_the_format_it_prefers(string? accept, bool openMetrics)
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        var (text, contentType) = await host.ScrapeAsync(accept);
        Assert.StartsWith(openMetrics ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4", contentType, StringComparison.Ordinal);
        Exposition.Parse(text, openMetrics);
    }

    [Fact]
    public async Task Only_GET_and_HEAD_are_answered()
    {
        await using var host = await TelemetryHost.StartAsync(_meterName);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await host.Client.PostAsync("/metrics", null)).StatusCode);
        using var head = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/metrics"));
        Assert.True(head.IsSuccessStatusCode && head.Content.Headers.ContentLength > 0);
    }
}
