using System.Globalization;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Output;

namespace Granary.Cli.Bench;

/// <summary>What a run came to, for people and for programs.</summary>
internal sealed class LoadReport(HostClient host, LoadPlan plan, LoadRun run, IReadOnlyDictionary<string, double>? silos, string? noSilos)
{
    private static readonly (string Name, double Share)[] s_percentiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

    private long Failed => run.Errors.Values.Sum();

    private double Seconds => Math.Max(run.Measured.TotalSeconds, 0.001);

    public void WriteText(TextWriter output)
    {
        Line($"{plan.Service} {plan.Key} {plan.Method} on {host.Address}, {(plan.Http2 ? "HTTP/2" : "HTTP/1.1")}: {run.Measured.TotalSeconds:0.0} s, {(plan.Rate is { } rate ? $"{rate:#,0.##} calls/s wanted, up to " : "")}{plan.Concurrency} at a time, {plan.Keys:#,0} {(plan.Keys == 1 ? "key" : "keys")}");
        Line($"  well     {run.Latency.Count:#,0}, {run.Latency.Count / Seconds:#,0.0} calls/s");
        Line($"  latency  {string.Join("  ", s_percentiles.Select(p => $"{p.Name} {Time(run.Latency.At(p.Share))}"))}  max {Time(run.Latency.Maximum)}");
        if (Failed > 0) Line($"  failed   {Failed:#,0}: {string.Join(", ", run.Errors.OrderByDescending(e => e.Value).Select(e => $"{Terminal.Clean(e.Key)} {e.Value:#,0}"))}");
        if (silos is not null) Line($"  silos    {string.Join(", ", silos.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{Terminal.Clean(s.Key)} {s.Value:0.0%}"))}");
        else Line($"  silos    not known: {Terminal.Clean(noSilos ?? "")}");
        if (run.Errors.ContainsKey("RESOURCE_EXHAUSTED")) output.WriteLine("  RESOURCE_EXHAUSTED is a limit; Granary:RateLimits:Default:Tokens (and Burst) are calls a second for each caller and method");

        void Line(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    public void WriteJson(Stream output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("service", plan.Service.ToString());
        json.WriteString("key", plan.Key);
        json.WriteString("method", plan.Method);
        json.WriteString("url", host.Address.ToString());
        json.WriteString("protocol", plan.Http2 ? "HTTP/2" : "HTTP/1.1");
        json.WriteNumber("keys", plan.Keys);
        json.WriteNumber("concurrency", plan.Concurrency);
        if (plan.Rate is { } rate) json.WriteNumber("wantedPerSecond", rate);
        json.WriteNumber("seconds", Math.Round(run.Measured.TotalSeconds, 3));
        json.WriteNumber("calls", run.Latency.Count);
        json.WriteNumber("callsPerSecond", Math.Round(run.Latency.Count / Seconds, 1));
        json.WriteStartObject("latencyMs");
        foreach (var (name, share) in s_percentiles) json.WriteNumber(name, run.Latency.At(share) / 1000.0);
        json.WriteNumber("max", run.Latency.Maximum / 1000.0);
        json.WriteEndObject();
        json.WriteNumber("failed", Failed);
        json.WriteStartObject("errors");
        foreach (var (code, count) in run.Errors) json.WriteNumber(code, count);
        json.WriteEndObject();
        if (silos is not null)
        {
            json.WriteStartObject("silos");
            foreach (var (silo, share) in silos) json.WriteNumber(silo, Math.Round(share, 4));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    /// <summary>The state of a run in one line.</summary>
    public static string Progress(LoadRun run) => string.Create(CultureInfo.InvariantCulture,
        $"{run.Measured.TotalSeconds:0} s  {run.Latency.Count / Math.Max(run.Measured.TotalSeconds, 0.001):#,0} calls/s  p50 {Time(run.Latency.At(0.5))}  p99 {Time(run.Latency.At(0.99))}  failed {run.Errors.Values.Sum():#,0}");

    private static string Time(long microseconds) => microseconds switch
    {
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds} us"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000.0:0.##} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000.0:0.##} s"),
    };
}
