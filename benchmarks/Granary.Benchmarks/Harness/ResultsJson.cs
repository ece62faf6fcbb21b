using System.Text.Json;

namespace Granary.Benchmarks.Harness;

/// <summary>Writes a run as JSON, for whoever compares runs.</summary>
internal static class ResultsJson
{
    internal static void Write(Stream target, Session session)
    {
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("at", TimeProvider.System.GetUtcNow());
        json.WriteBoolean("quick", session.Quick);
        json.WriteStartObject("machine");
        json.WriteString("cpu", Machine.Cpu);
        json.WriteNumber("cores", Machine.Cores);
        json.WriteString("memory", Machine.Memory);
        json.WriteString("system", Machine.System);
        json.WriteString("runtime", Machine.Runtime);
        json.WriteString("collector", Machine.Collector);
        json.WriteString("load", Machine.Load);
        json.WriteNumber("cpuLoopMs", Math.Round(CpuLoop.Best, 3));
        json.WriteEndObject();
        json.WriteStartArray("figures");
        foreach (var figure in session.Figures) Write(json, figure);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Figure f)
    {
        json.WriteStartObject();
        json.WriteString("benchmark", f.Benchmark);
        json.WriteString("name", f.Name);
        json.WriteString("unit", f.Unit.Symbol);
        Number(json, "value", f.Value);
        Number(json, "low", f.Low);
        Number(json, "high", f.High);
        if (f.Allocated is { } allocated) Number(json, "allocatedBytes", allocated);
        if (f.Processor is { } processor) Number(json, "processorNs", processor);
        Number(json, "slowness", f.Slowness);
        if (f.Peer is { } peer)
        {
            json.WriteString("peer", peer.Name);
            Number(json, "peerLow", peer.Low);
            Number(json, "peerHigh", peer.High);
            json.WriteBoolean("peerInSameRun", peer.SameRun);
        }

        if (f.Ratio is { } ratio) Number(json, "ratio", ratio);
        if (f.Budget is { } budget)
        {
            Number(json, "budget", budget.Limit);
            json.WriteBoolean("budgetOnRatio", budget.OnRatio);
            json.WriteBoolean("met", f.Met == true);
        }

        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double value) => json.WriteNumber(name, Math.Round(value, 4));
}
