using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>The stages of one activation's birth and death: observers start in the order of their stage and stop in the reverse order.</summary>
internal sealed class GrainLifecycle : IGrainLifecycle
{
    private readonly List<(int Stage, ILifecycleObserver Observer)> _observers = [];
    private List<IGrainMigrationParticipant>? _migrants;

    /// <summary>Who takes part in migration.</summary>
    internal IReadOnlyList<IGrainMigrationParticipant> Migrants => _migrants ?? (IReadOnlyList<IGrainMigrationParticipant>)[];

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        var entry = (stage, observer);
        _observers.Add(entry);
        return new Subscription(this, entry);
    }

    public void AddMigrationParticipant(IGrainMigrationParticipant participant) => (_migrants ??= []).Add(participant);

    public void RemoveMigrationParticipant(IGrainMigrationParticipant participant) => _migrants?.Remove(participant);

    /// <summary>Starts stage by stage; the observers of one stage together. The first error stops it.</summary>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        foreach (var stage in _observers.GroupBy(o => o.Stage).OrderBy(g => g.Key).ToArray())
        {
            await Task.WhenAll(stage.Select(o => o.Observer.OnStart(cancellation)));
        }
    }

    /// <summary>Stops in reverse; an error does not keep the others from stopping.</summary>
    internal async Task StopAsync(CancellationToken cancellation)
    {
        List<Exception>? errors = null;
        foreach (var stage in _observers.GroupBy(o => o.Stage).OrderByDescending(g => g.Key).ToArray())
        {
            foreach (var (_, observer) in stage)
            {
                try
                {
                    await observer.OnStop(cancellation);
                }
                catch (Exception error)
                {
                    (errors ??= []).Add(error);
                }
            }
        }

        if (errors is not null) throw new AggregateException(errors);
    }

    private sealed class Subscription(GrainLifecycle lifecycle, (int, ILifecycleObserver) entry) : IDisposable
    {
        public void Dispose() => lifecycle._observers.Remove(entry);
    }
}
