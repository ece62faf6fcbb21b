using System.Collections.Concurrent;
using Granary.Engine.Collection;
using Granary.Engine.Routing;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>The activations of one silo, by grain. Thread-safe. Stateless workers are in pools of their own (<see cref="StatelessWorkerPool"/>).</summary>
internal sealed class ActivationTable(SiloCore silo)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly ConcurrentDictionary<GrainId, StatelessWorkerPool> _workers = new();

    private int _system;
    private volatile TaskCompletionSource? _emptied;

    /// <summary>The number of activations, stateless workers included.</summary>
    internal int Count => _activations.Count + _workers.Sum(p => p.Value.Count);

    /// <summary>The number of activations but for the engine's own.</summary>
    internal int UserCount => Count - Volatile.Read(ref _system);

    internal Activation? Find(GrainId grainId) => _activations.GetValueOrDefault(grainId);

    /// <summary>The grain's activation; a new one, whose activation has begun, if there was none.</summary>
    internal Activation GetOrCreate(GrainId grainId, GrainClass grainClass)
    {
        if (_activations.TryGetValue(grainId, out var found)) return found;
        var created = new Activation(grainId, grainClass, silo);
        var winner = _activations.GetOrAdd(grainId, created);
        if (!ReferenceEquals(winner, created)) return winner;
        if (SystemGrains.IsSystem(grainId)) Interlocked.Increment(ref _system);
        created.Begin();
        return created;
    }

    /// <summary>Begins the activation of a grain that arrives from another silo. False when there is one already, or another silo was faster.</summary>
    internal Task<bool> Settle(GrainId grainId, GrainClass grainClass, Arrival arrival)
    {
        var created = new Activation(grainId, grainClass, silo);
        created.Extras.Arrival = arrival;
        if (!_activations.TryAdd(grainId, created)) return Task.FromResult(false);
        created.Begin();
        return arrival.Settled;
    }

    internal StatelessWorkerPool Workers(GrainId grainId, GrainClass grainClass) =>
        _workers.TryGetValue(grainId, out var pool) ? pool : _workers.GetOrAdd(grainId, static (id, s) => new StatelessWorkerPool(id, s.grainClass, s.silo), (grainClass, silo));

    /// <summary>Takes out exactly this activation; another one of the same grain stays.</summary>
    internal void Remove(Activation activation)
    {
        if (activation.Class.IsStatelessWorker)
        {
            if (_workers.TryGetValue(activation.GrainId, out var pool)) pool.Remove(activation);
        }
        else
        {
            if (_activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation)) && SystemGrains.IsSystem(activation.GrainId)) Interlocked.Decrement(ref _system);
        }

        silo.LongMailboxes.Forget(activation);
        if (_emptied is { } waiting && IsEmpty) waiting.TrySetResult();
    }

    private bool IsEmpty => _activations.IsEmpty && _workers.All(p => p.Value.Count == 0);

    /// <summary>Completes when the last activation has gone. For a silo that stops.</summary>
    internal Task WhenEmpty()
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _emptied = waiting;
        if (IsEmpty) waiting.TrySetResult();
        return waiting.Task;
    }

    /// <summary>A snapshot of all activations, without a lock.</summary>
    internal IEnumerable<Activation> All()
    {
        foreach (var pair in _activations) yield return pair.Value;
        foreach (var pool in _workers)
        {
            foreach (var worker in pool.Value.Snapshot()) yield return worker;
        }
    }
}

/// <summary>
/// The local activations of one stateless worker grain: a call goes to one that is idle; when none is, another is made up to the maximum; then to the one with the shortest queue.
/// </summary>
internal sealed class StatelessWorkerPool(GrainId grainId, GrainClass grainClass, SiloCore silo)
{
    private readonly Lock _lock = new();
    private volatile Activation[] _workers = [];

    internal int Count => _workers.Length;

    internal Activation[] Snapshot() => _workers;

    internal Activation Pick()
    {
        Activation? shortest = null;
        var least = int.MaxValue;
        var workers = _workers;
        foreach (var worker in workers)
        {
            if (worker.State >= ActivationState.Leaving) continue;
            var load = worker.QueueLength + worker.RunningRequests;
            if (load == 0 && worker.State == ActivationState.Active) return worker;
            if (load < least)
            {
                least = load;
                shortest = worker;
            }
        }

        if (shortest is not null && workers.Length >= grainClass.MaxWorkers) return shortest;
        Activation created;
        lock (_lock)
        {
            if (_workers.Length >= grainClass.MaxWorkers && shortest is not null) return shortest;
            created = new Activation(grainId, grainClass, silo);
            _workers = [.. _workers, created];
        }

        created.Begin();
        return created;
    }

    internal void Remove(Activation activation)
    {
        lock (_lock) _workers = [.. _workers.Where(w => !ReferenceEquals(w, activation))];
    }
}
