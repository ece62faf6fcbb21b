using System.Globalization;
using Granary.Benchmarks.Http;

namespace Granary.Benchmarks.Telemetry;

/// <summary>What a call costs with more and more of telemetry on: ApiHosts that differ in nothing else, all running, loaded in turns.</summary>
internal sealed class TelemetryCost : IBenchmark
{
    private const string Section = "Granary__Telemetry__";

    public string Name => "telemetry";

    public string About => $"HTTP/JSON call through ApiHost with telemetry off, metrics, traces sampled at 0, 1 and 100 %, and tail-keep, {HttpLoad.Connections} connections, by {HttpLoad.Generator}";

    public async Task RunAsync(Session session)
    {
        using var sink = await OtlpSink.StartAsync();
        List<Variant> variants = [];
        try
        {
            variants.Add(new Variant("off", ApiHostProcess.Start(new KeyValuePair<string, string>("OTEL_SDK_DISABLED", "true"))));
            variants.Add(new Variant("metrics", ApiHostProcess.Start()));
            foreach (var ratio in (double[])[0, 0.01, 1]) variants.Add(new Variant(string.Create(CultureInfo.InvariantCulture, $"metrics, {ratio * 100} % of traces"), Traced(sink, ratio)));
            variants.Add(new Variant("metrics, tail-keep", Traced(sink, 0, new KeyValuePair<string, string>(Section + "TailKeep__Enabled", "true"))));
            foreach (var variant in variants)
            {
                await variant.Host.FirstAnswerAsync();
                await LoadAsync(variant.Host, TimeSpan.FromSeconds(session.Quick ? 2 : 6));
            }

            List<double> loops = [];

            // Short rounds and many: a moment that somebody else took then spoils few of them.
            var round = TimeSpan.FromSeconds(1);
            for (var i = 0; i < session.Rounds * 3; i++)
            {
                loops.Add(CpuLoop.Run());
                foreach (var variant in variants)
                {
                    var (received, processor) = (await sink.CountAsync(), variant.Host.Process.ProcessorTime);
                    var load = await LoadAsync(variant.Host, round);
                    variant.Rates.Add(load.RequestsPerSecond);
                    variant.Processor.Add((variant.Host.Process.ProcessorTime - processor).TotalMicroseconds / load.Requests);
                    variant.Spans.Add((await sink.CountAsync() - received) / (double)load.Requests);
                }
            }

            var (off, offProcessor) = (Sum(Unit.PerSecond, variants[0].Rates, loops), Sum(Unit.Microseconds, variants[0].Processor, loops));
            foreach (var variant in variants)
            {
                session.Add(Name, $"{variant.Name}: calls", Sum(Unit.PerSecond, variant.Rates, loops), new Peer("off", off.Value, off.Value, SameRun: true));
                session.Add(Name, $"{variant.Name}: the host's cpu time of a call", Sum(Unit.Microseconds, variant.Processor, loops), new Peer("off", offProcessor.Value, offProcessor.Value, SameRun: true));
                // What the one before sent late is next to nothing.
                if (variant.Spans.Average() > 0.01) session.Add(Name, $"{variant.Name}: spans sent for a call", Sum(Unit.Times, variant.Spans, loops));
            }
        }
        finally
        {
            foreach (var variant in variants) variant.Host.Dispose();
        }
    }

    private static ApiHostProcess Traced(OtlpSink sink, double ratio, params KeyValuePair<string, string>[] settings) => ApiHostProcess.Start(
    [
        new(Section + "Otlp__Endpoint", sink.Address),
        new(Section + "Otlp__Protocol", "http/protobuf"),
        new(Section + "SampleRatio", ratio.ToString(CultureInfo.InvariantCulture)),
        .. settings,
    ]);

    private static Task<LoadResult> LoadAsync(ApiHostProcess host, TimeSpan time) => HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, time);

    private static Measured Sum(Unit unit, List<double> values, List<double> loops) => Measurement.Sum(unit, [.. values], [], [.. loops]);

    private sealed record Variant(string Name, ApiHostProcess Host)
    {
        internal List<double> Rates { get; } = [];

        internal List<double> Processor { get; } = [];

        internal List<double> Spans { get; } = [];
    }
}
