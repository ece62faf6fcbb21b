using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Granary.Engine;

/// <summary>How long grain storages take, in milliseconds, and how often they fail; by storage and state.</summary>
internal static class StorageMetrics
{
    private static readonly Meter s_meter = new(EngineMetrics.MeterName);

    private static readonly Histogram<long> s_size = new Meter(EngineMetrics.GranaryMeterName).CreateHistogram(
        "granary.storage.state.size", "By", "Encoded size of the states that are written",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216] });

    /// <summary>A state was encoded to be written.</summary>
    internal static void Encoded(int bytes, string state) => s_size.Record(bytes, new KeyValuePair<string, object?>("state_name", state));

    internal static StorageOperation Read { get; } = new("read");

    internal static StorageOperation Write { get; } = new("write");

    internal static StorageOperation Clear { get; } = new("clear");

    internal sealed class StorageOperation(string name)
    {
        private readonly Histogram<double> _latency = s_meter.CreateHistogram<double>($"orleans-storage-{name}-latency", "ms", $"Time of a storage {name}");
        private readonly Counter<long> _errors = s_meter.CreateCounter<long>($"orleans-storage-{name}-errors", null, $"Storage {name}s that failed");

        /// <summary>Does a storage operation and records it.</summary>
        internal Task Measure(Func<Task> operation, string storage, string state) =>
            _latency.Enabled || _errors.Enabled ? MeasureAsync(operation, new TagList { { "provider_type_name", storage }, { "state_name", state } }) : operation();

        private async Task MeasureAsync(Func<Task> operation, TagList tags)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await operation();
            }
            catch
            {
                _errors.Add(1, tags);
                throw;
            }

            _latency.Record(Stopwatch.GetElapsedTime(started).TotalMilliseconds, tags);
        }
    }
}
