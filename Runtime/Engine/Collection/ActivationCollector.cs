using Granary.Engine.Activations;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Granary.Engine.Collection;

/// <summary>Moves the silo's coarse clock on and, every quantum, deactivates what has been idle for its class's age.</summary>
internal sealed class ActivationCollector : IDisposable
{
    private static readonly TimeSpan s_longestTick = TimeSpan.FromSeconds(1);

    private readonly SiloCore _silo;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly long _quantumMs;
    private readonly ITimer _clock;
    private long _nextScan;
    private int _scanning;

    internal ActivationCollector(SiloCore silo, IOptions<GrainCollectionOptions> options, TimeProvider time)
    {
        var quantum = options.Value.CollectionQuantum;
        if (quantum <= TimeSpan.Zero) throw new OrleansConfigurationException($"GrainCollectionOptions.CollectionQuantum is {quantum}; it is how often the silo looks for idle grains and must be more than zero.");
        _silo = silo;
        _time = time;
        _started = time.GetTimestamp();
        _quantumMs = (long)quantum.TotalMilliseconds;
        _nextScan = _quantumMs;
        var tick = quantum < s_longestTick ? quantum : s_longestTick;
        using (ExecutionContext.SuppressFlow())
            _clock = time.CreateTimer(static c => ((ActivationCollector)c!).OnTick(), this, tick, tick);
        SiloGauges.Add(silo);
    }

    /// <summary>Asks what has been idle for that long to go, whatever its class says, but for what must be kept. Returns how many were asked.</summary>
    internal int Collect(TimeSpan age)
    {
        Advance();
        return Scan(_ => (long)age.TotalMilliseconds);
    }

    public void Dispose()
    {
        SiloGauges.Remove(_silo);
        _clock.Dispose();
    }

    private long Advance()
    {
        var now = (long)_time.GetElapsedTime(_started).TotalMilliseconds;
        Volatile.Write(ref _silo.Now, now);
        return now;
    }

    private void OnTick()
    {
        var now = Advance();
        if (now < _nextScan || Interlocked.Exchange(ref _scanning, 1) != 0) return;
        try
        {
            Scan(static grainClass => grainClass.CollectionAgeMs);
        }
        finally
        {
            _nextScan = now + _quantumMs;
            Volatile.Write(ref _scanning, 0);
        }
    }

    private int Scan(Func<GrainClass, long> ageMs)
    {
        var now = _silo.Now;
        var asked = 0;
        _silo.Metrics.Collected();
        foreach (var activation in _silo.Table.All())
        {
            var age = activation.Class.CollectionAgeMs == long.MaxValue ? long.MaxValue : ageMs(activation.Class);
            if (!activation.IsIdle(now, age)) continue;
            activation.RequestDeactivationIfUnused(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "The grain was idle."));
            asked++;
        }

        return asked;
    }
}
