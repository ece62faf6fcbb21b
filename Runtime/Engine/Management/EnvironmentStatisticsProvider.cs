using System.Diagnostics;
using Orleans.Statistics;

namespace Granary.Engine.Management;

/// <summary>Measures the CPU and memory of this process against what its machine or container gives it. Thread-safe; measures at most every <see cref="s_period"/>.</summary>
internal sealed class EnvironmentStatisticsProvider : IEnvironmentStatisticsProvider
{
    private const float Smoothing = 0.3f;
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private long _measuredAt = Stopwatch.GetTimestamp();
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;
    private float _filteredCpu;
    private double _filteredMemory;
    private double _filteredAvailable;
    private EnvironmentStatistics? _last;

    public EnvironmentStatistics GetEnvironmentStatistics()
    {
        lock (_lock)
        {
            if (_last is { } last && Stopwatch.GetElapsedTime(_measuredAt) < s_period) return last;
            return Measure();
        }
    }

    private EnvironmentStatistics Measure()
    {
        var elapsed = Stopwatch.GetElapsedTime(_measuredAt);
        var used = Environment.CpuUsage.TotalTime;
        var rawCpu = elapsed <= TimeSpan.Zero ? 0f : (float)Math.Clamp((used - _cpu) / elapsed / Environment.ProcessorCount * 100, 0, 100);
        _measuredAt = Stopwatch.GetTimestamp();
        _cpu = used;

        var most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var memory = Environment.WorkingSet;
        var available = Math.Max(0, most - memory);
        var isFirst = _last is null;
        _filteredCpu = isFirst ? rawCpu : _filteredCpu + (Smoothing * (rawCpu - _filteredCpu));
        _filteredMemory = isFirst ? memory : _filteredMemory + (Smoothing * (memory - _filteredMemory));
        _filteredAvailable = isFirst ? available : _filteredAvailable + (Smoothing * (available - _filteredAvailable));
        var statistics = new EnvironmentStatistics(_filteredCpu, rawCpu, (long)_filteredMemory, memory, (long)_filteredAvailable, available, most);
        _last = statistics;
        return statistics;
    }
}
