using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>A directory whose operations are timed. They happen when a grain is activated, found for the first time or let go, never for a call whose way is known.</summary>
internal sealed class MeasuredDirectory(IGrainDirectory directory) : IGrainDirectory
{
    private static readonly Histogram<double> s_duration = new Meter(EngineMetrics.GranaryMeterName).CreateHistogram<double>("granary.directory.duration", "s", "How long operations of the grain directory took, by operation and outcome.");

    private static readonly KeyValuePair<string, object?> s_ok = new("granary.outcome", "ok");
    private static readonly KeyValuePair<string, object?> s_failed = new("granary.outcome", "failed");

    public Task<GrainAddress?> Register(GrainAddress address) => Measure("register", directory.Register(address));

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) => Measure("register", directory.Register(address, previousAddress));

    public Task<GrainAddress?> Lookup(GrainId grainId) => Measure("lookup", directory.Lookup(grainId));

    public Task Unregister(GrainAddress address) => Measure("unregister", directory.Unregister(address));

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Measure("unregister_silos", directory.UnregisterSilos(siloAddresses));

    private static async Task<T> Measure<T>(string operation, Task<T> task)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var result = await task;
            Record(operation, started, s_ok);
            return result;
        }
        catch
        {
            Record(operation, started, s_failed);
            throw;
        }
    }

    private static async Task Measure(string operation, Task task)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await task;
            Record(operation, started, s_ok);
        }
        catch
        {
            Record(operation, started, s_failed);
            throw;
        }
    }

    private static void Record(string operation, long started, KeyValuePair<string, object?> outcome)
    {
        if (s_duration.Enabled) s_duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new("granary.operation", operation), outcome);
    }
}
