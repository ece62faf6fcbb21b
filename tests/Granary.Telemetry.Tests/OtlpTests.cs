using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Granary.Tests;

/// <summary>Against a collector of our own: an endpoint that keeps what it is sent.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task Traces_and_metrics_are_sent_to_the_configured_collector_at_the_latest_when_the_process_ends()
    {
        var received = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/{**path}", async (HttpContext context, string path) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received[path] = $"{context.Request.Headers["x-api-key"]} {Encoding.Latin1.GetString(body.ToArray())}";
        });
        await collector.StartAsync();
        var name = "Test." + Guid.NewGuid().ToString("N");
        using var meter = new Meter(name);
        using var source = new ActivitySource(name);

        await using (await TelemetryHost.StartAsync(
            name,
            ("Granary:Telemetry:Otlp:Endpoint", collector.Urls.Single()),
            ("Granary:Telemetry:Otlp:Protocol", "http/protobuf"),
            ("Granary:Telemetry:Otlp:Headers", "x-api-key=secret"),
            ("Granary:Telemetry:Sources:0", name)))
        {
            meter.CreateCounter<long>("test.calls").Add(1);
            using var span = source.StartActivity("the span");
            Assert.NotNull(span);
        }

        Assert.Contains("the span", received["v1/traces"], StringComparison.Ordinal);
        Assert.Contains("granary-test", received["v1/traces"], StringComparison.Ordinal);
        Assert.Contains("test.calls", received["v1/metrics"], StringComparison.Ordinal);
        Assert.All(received.Values, v => Assert.StartsWith("secret ", v, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_collector_no_spans_are_made()
    {
        var name = "Test." + Guid.NewGuid().ToString("N");
        using var source = new ActivitySource(name);
        await using var host = await TelemetryHost.StartAsync(name, ("Granary:Telemetry:Sources:0", name));
        Assert.Null(source.StartActivity("the span"));
    }

    [Fact]
    public async Task A_sample_ratio_of_0_records_only_what_the_caller_records()
    {
        var name = "Test." + Guid.NewGuid().ToString("N");
        using var source = new ActivitySource(name);
        await using var host = await TelemetryHost.StartAsync(
            name, ("Granary:Telemetry:Otlp:Endpoint", "http://127.0.0.1:9"), ("Granary:Telemetry:Sources:0", name), ("Granary:Telemetry:SampleRatio", "0"));
        using (var own = source.StartActivity("own")) Assert.False(own?.Recorded ?? false);
        using var asked = source.StartActivity("asked", ActivityKind.Server, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        Assert.True(asked?.Recorded);
    }
}
