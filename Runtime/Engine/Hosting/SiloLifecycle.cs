using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Starts what takes part in a silo stage by stage upwards, and stops it downwards from the stage it had reached. Started once and stopped once.</summary>
internal sealed partial class SiloLifecycle(ILogger<SiloLifecycle> logger) : ISiloLifecycleSubject
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private int? _reached;

    public int HighestCompletedStage { get; private set; } = int.MinValue;

    public int LowestStoppedStage { get; private set; } = int.MaxValue;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var entry = new Entry(this, observerName, stage, observer);
        lock (_lock) _entries.Add(entry);
        return entry;
    }

    /// <summary>Starts stage by stage; the observers of one stage together. The first error stops the start; what has begun is stopped by <see cref="OnStop"/>.</summary>
    public async Task OnStart(CancellationToken cancellationToken = default)
    {
        foreach (var stage in Stages().OrderBy(g => g.Key))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _reached = stage.Key;
            await Task.WhenAll(stage.Select(e => e.Observer.OnStart(cancellationToken)));
            HighestCompletedStage = stage.Key;
        }
    }

    /// <summary>Stops in reverse; an error is logged and does not keep the others from stopping.</summary>
    public async Task OnStop(CancellationToken cancellationToken = default)
    {
        if (_reached is not { } reached) return;
        _reached = null;
        foreach (var stage in Stages().Where(g => g.Key <= reached).OrderByDescending(g => g.Key))
        {
            await Task.WhenAll(stage.Select(e => StopAsync(e, cancellationToken)));
            LowestStoppedStage = stage.Key;
        }
    }

    [LoggerMessage(1021, LogLevel.Error, "{Participant} did not stop cleanly (stage {Stage}).")]
    private static partial void LogStopFailed(ILogger logger, string participant, int stage, Exception error);

    private IGrouping<int, Entry>[] Stages()
    {
        lock (_lock) return [.. _entries.GroupBy(e => e.Stage)];
    }

    private async Task StopAsync(Entry entry, CancellationToken cancellation)
    {
        try
        {
            await entry.Observer.OnStop(cancellation);
        }
        catch (Exception error)
        {
            LogStopFailed(logger, entry.Name, entry.Stage, error);
        }
    }

    private sealed record Entry(SiloLifecycle Lifecycle, string Name, int Stage, ILifecycleObserver Observer) : IDisposable
    {
        public void Dispose()
        {
            lock (Lifecycle._lock) Lifecycle._entries.Remove(this);
        }
    }
}
