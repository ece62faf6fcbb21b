using Granary.Tests.Support;

namespace Granary.Tests;

/// <summary>One id from the caller through the gateway to the grain.</summary>
public sealed class TracingTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    [Fact]
    public async Task The_trace_of_a_call_goes_on_from_its_caller_through_the_gateway_to_the_grain()
    {
        var spans = await RunAsync("01", "1");

        // The span of the request, of the attempt, of the call to the grain, and of the grain's turn: each beneath the one before. And a refused call.
        var above = Caller;
        foreach (var (scope, name, kind) in (ReadOnlySpan<(string, string, int)>)
            [
                ("Microsoft.AspNetCore", "granary.samples.v1.Calculator/Multiply", 2), ("Granary.Gateway", "Attempt granary.samples.v1.Calculator/Multiply", 1),
                ("Microsoft.Orleans.Application", "Granary.Samples.ICalculatorGrain/Multiply", 3), ("Microsoft.Orleans.Application", "Granary.Samples.ICalculatorGrain/Multiply", 2),
            ])
        {
            var span = Assert.Single(spans, s => s.ParentId == above && s.Attributes.GetValueOrDefault("rpc.response.status_code") != "UNAUTHENTICATED");
            Assert.Equal(("granary-apihost", scope, name, kind), (span.Service, span.Scope, span.Name, span.Kind));
            above = span.SpanId;
        }

        Assert.Equal(5, spans.Count);
    }

    [Fact]
    public async Task What_its_caller_does_not_record_is_not_sent() => Assert.Empty(await RunAsync("00", "1"));

    private static async Task<List<OtlpSpan>> RunAsync(string flags, string ratio)
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var host = HostProcess.Start("ApiHost", "Production", [Tokens.Setting, $"Granary:Telemetry:SampleRatio={ratio}", .. collector.Settings.Select(s => $"{s.Key}={s.Value}")]);
        var address = await host.AddressAsync();
        var answer = await address.MultiplyAsync(Tokens.For("user"), ("traceparent", $"00-{Trace}-{Caller}-{flags}"));
        Assert.Contains(Trace, Assert.Single(answer.Headers.GetValues("traceparent")), StringComparison.Ordinal);
        var refused = await address.MultiplyAsync(null, ("traceparent", $"00-{Trace}-{Caller}-{flags}"));
        Assert.Equal(Trace, refused.Json.GetProperty("traceId").GetString());

        // Stopping sends what has not been sent.
        host.Terminate();
        Assert.Equal(0, await host.ExitAsync());
        return [.. collector.Spans.Where(s => s.TraceId == Trace)];
    }
}
