using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Grains;

public sealed class CounterGrain([PersistentState("counter")] IPersistentState<CounterState> counter, Witness witness) : WitnessedGrain(witness), ICounterGrain
{
    private readonly StoredState<CounterState> _stored = new(counter);

    public async Task<Count> Increment(string caller, long sequence)
    {
        await EnterAsync();
        var state = await _stored.ReadAsync();
        var repeated = state.Last.TryGetValue(caller, out var last) && sequence <= last;
        var next = new CounterState
        {
            Value = state.Value + 1,
            Repeated = state.Repeated + (repeated ? 1 : 0),
            Last = new Dictionary<string, long>(state.Last, StringComparer.Ordinal) { [caller] = Math.Max(sequence, last) },
        };
        await _stored.WriteAsync(next);
        return new Count { Value = next.Value, Place = Place };
    }

    public async Task<CounterReport> Read()
    {
        await EnterAsync();
        var state = await _stored.ReadAsync();
        return new CounterReport { Value = state.Value, Repeated = state.Repeated };
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>What is stored of a counter.</summary>
[GenerateSerializer]
public sealed record CounterState
{
    [Id(0)]
    public long Value { get; set; }

    [Id(1)]
    public long Repeated { get; set; }

    /// <summary>The latest request of each caller.</summary>
    [Id(2)]
    public Dictionary<string, long> Last { get; set; } = [];
}
