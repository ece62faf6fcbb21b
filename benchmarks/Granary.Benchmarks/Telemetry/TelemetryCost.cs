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
            foreach (var variant in variants) await variant.Host.FirstAnswerAsync();
            var turns = new HostsInTurns([.. variants.Select(v => v.Host)], LoadAsync);
            await turns.WarmUpAsync(TimeSpan.FromSeconds(session.Quick ? 2 : 6));

            // Short rounds and many: a moment that somebody else took then spoils few of them.
            var received = await sink.CountAsync();
            for (var i = 0; i < session.Rounds * 3; i++)
            {
                await turns.RoundAsync(TimeSpan.FromSeconds(1), async (h, load) =>
                {
                    var before = received;
                    received = await sink.CountAsync();
                    variants[h].Spans.Add((received - before) / (double)load.Requests);
                });
            }

            var (off, offProcessor) = (turns.Rate(0).Value, turns.Processor(0).Value);
            for (var h = 0; h < variants.Count; h++)
            {
                var variant = variants[h];
                session.Add(Name, $"{variant.Name}: calls", turns.Rate(h), new Peer("off", off, off, SameRun: true));
                session.Add(Name, $"{variant.Name}: the host's cpu time of a call", turns.Processor(h), new Peer("off", offProcessor, offProcessor, SameRun: true));
                // What the one before sent late is next to nothing.
                if (variant.Spans.Average() > 0.01) session.Add(Name, $"{variant.Name}: spans sent for a call", turns.Sum(Unit.Times, variant.Spans));
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

    private sealed record Variant(string Name, ApiHostProcess Host)
    {
        internal List<double> Spans { get; } = [];
    }
}
