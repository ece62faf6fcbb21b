using Granary.Engine.Collection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>What few activations need, kept out of the many that do not: the DI scope, lifecycle, timers, components, reentrant call chains.</summary>
internal sealed class ActivationExtras
{
    private readonly Lock _lock = new();
    private AsyncServiceScope? _scope;
    private Dictionary<Type, object>? _components;
    private HashSet<IDisposable>? _timers;
    private Dictionary<Guid, int>? _chains;
    private TaskCompletionSource? _deactivated;
    private bool _isDeactivated;
    private bool _timersStopped;

    /// <summary>Storage facets and whatever else takes part in activation; null when nothing does.</summary>
    internal GrainLifecycle? Lifecycle { get; private set; }

    /// <summary>Not collected before this, in milliseconds of <see cref="SiloCore.Now"/>.</summary>
    internal long KeepAliveUntil { get; set; }

    /// <summary>How the activation began, when it came from another silo.</summary>
    internal Arrival? Arrival { get; set; }

    /// <summary>Where it moves to when it leaves; null when it does not.</summary>
    internal SiloAddress? MovesTo { get; set; }

    /// <summary>A write found that the stored state is another: a request that ends in that error ends the activation.</summary>
    internal bool HasStaleState { get; set; }

    internal Task Deactivated
    {
        get
        {
            lock (_lock)
            {
                if (_isDeactivated) return Task.CompletedTask;
                return (_deactivated ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    internal GrainLifecycle GetLifecycle() => Lifecycle ??= new GrainLifecycle();

    internal IServiceProvider Services(IServiceProvider root)
    {
        lock (_lock) return (_scope ??= root.CreateAsyncScope()).ServiceProvider;
    }

    internal object? GetComponent(Type type)
    {
        lock (_lock) return _components?.GetValueOrDefault(type);
    }

    internal void SetComponent(Type type, object? component)
    {
        lock (_lock)
        {
            if (component is null) _components?.Remove(type);
            else (_components ??= [])[type] = component;
        }
    }

    /// <summary>False when the activation is leaving and takes no timers any more.</summary>
    internal bool AddTimer(IDisposable timer)
    {
        lock (_lock) return !_timersStopped && (_timers ??= []).Add(timer);
    }

    internal void RemoveTimer(IDisposable timer)
    {
        lock (_lock) _timers?.Remove(timer);
    }

    internal void StopTimers()
    {
        IDisposable[] timers;
        lock (_lock)
        {
            _timersStopped = true;
            timers = _timers is null ? [] : [.. _timers];
            _timers = null;
        }

        foreach (var timer in timers) timer.Dispose();
    }

    internal bool IsReentrantFor(Guid chain)
    {
        lock (_lock) return _chains is not null && _chains.ContainsKey(chain);
    }

    internal void EnterReentrantSection(Guid chain)
    {
        lock (_lock)
        {
            _chains ??= [];
            _chains[chain] = _chains.GetValueOrDefault(chain) + 1;
        }
    }

    internal void LeaveReentrantSection(Guid chain)
    {
        lock (_lock)
        {
            if (_chains is null || !_chains.TryGetValue(chain, out var count)) return;
            if (count <= 1) _chains.Remove(chain);
            else _chains[chain] = count - 1;
        }
    }

    internal void SetDeactivated()
    {
        TaskCompletionSource? waiting;
        lock (_lock)
        {
            _isDeactivated = true;
            waiting = _deactivated;
        }

        waiting?.TrySetResult();
    }

    internal ValueTask DisposeAsync()
    {
        AsyncServiceScope? scope;
        lock (_lock)
        {
            scope = _scope;
            _scope = null;
        }

        return scope is { } s ? s.DisposeAsync() : default;
    }
}
