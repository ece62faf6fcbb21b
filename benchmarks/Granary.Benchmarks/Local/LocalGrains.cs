using Granary.Calls;

namespace Granary.Benchmarks.Local;

/// <summary>The calls that are measured.</summary>
public interface ICallGrain : IGrainWithStringKey
{
    Task<double> Multiply(double a, double b);

    ValueTask<double> MultiplyValue(double a, double b);

    /// <summary>Always runs on another thread: it counts as a long method.</summary>
    ValueTask<double> MultiplyLong(double a, double b);

    /// <summary>Runs in place up to its first await, which gives its thread away.</summary>
    Task<double> MultiplyYielding(double a, double b);

    Task<Parcel> Weigh(Parcel parcel);

    Task<FrozenParcel> WeighFrozen(FrozenParcel parcel);

    /// <summary>Calls <see cref="MultiplyValue"/> of another grain.</summary>
    ValueTask<double> MultiplyThere(string key, double a, double b);

    /// <summary>Keeps a core busy for that many steps of <see cref="CpuLoop.Spin"/>.</summary>
    Task<ulong> Work(int turns);

    /// <summary>The silo it lives in, in parsable form.</summary>
    Task<string> Where();

    /// <summary>Answers after that time.</summary>
    Task Linger(TimeSpan time);
}

/// <summary>A message that its holder may change: copied on the way in and out.</summary>
[GenerateSerializer]
public sealed class Parcel
{
    [Id(0)] public string Sender { get; set; } = "";

    [Id(1)] public string Receiver { get; set; } = "";

    [Id(2)] public double Weight { get; set; }

    [Id(3)] public List<long> Items { get; set; } = [];
}

/// <summary>The same, promised never to change: passed as it is.</summary>
[GenerateSerializer, Immutable]
public sealed class FrozenParcel
{
    [Id(0)] public string Sender { get; init; } = "";

    [Id(1)] public string Receiver { get; init; } = "";

    [Id(2)] public double Weight { get; init; }

    [Id(3)] public IReadOnlyList<long> Items { get; init; } = [];
}

public sealed class CallGrain : Grain, ICallGrain
{
    private static readonly CallMethod s_long = Contract.Method(typeof(ICallGrain), nameof(ICallGrain.MultiplyLong));

    private string? _otherKey;
    private ICallGrain? _other;

    public Task<double> Multiply(double a, double b) => Task.FromResult(a * b);

    public ValueTask<double> MultiplyValue(double a, double b) => new(a * b);

    public ValueTask<double> MultiplyLong(double a, double b)
    {
        // What a second of synchronous work would have left in the engine's measurement, without the second.
        s_long.Meter.Record(System.Diagnostics.Stopwatch.Frequency);
        return new(a * b);
    }

    public async Task<double> MultiplyYielding(double a, double b)
    {
        await Task.Yield();
        return a * b;
    }

    public Task<Parcel> Weigh(Parcel parcel)
    {
        parcel.Weight += 1;
        return Task.FromResult(parcel);
    }

    public Task<FrozenParcel> WeighFrozen(FrozenParcel parcel) => Task.FromResult(parcel);

    public ValueTask<double> MultiplyThere(string key, double a, double b)
    {
        if (_otherKey != key)
        {
            _otherKey = key;
            _other = GrainFactory.GetGrain<ICallGrain>(key);
        }

        return _other!.MultiplyValue(a, b);
    }

    public Task<ulong> Work(int turns) => Task.FromResult(CpuLoop.Spin(turns));

    public Task<string> Where() => Task.FromResult(GrainContext.Address.SiloAddress!.ToParsableString());

    public Task Linger(TimeSpan time) => Task.Delay(time);
}

/// <summary>A grain with nothing in it: what remains is the engine's.</summary>
public interface IEmptyGrain : IGrainWithStringKey
{
    ValueTask<int> Touch();
}

public sealed class EmptyGrain : Grain, IEmptyGrain
{
    public ValueTask<int> Touch() => new(1);
}

/// <summary>Finds what the generator made of the contracts of this program.</summary>
internal static class Contract
{
    internal static CallMethod Method(Type contract, string name)
    {
        foreach (var attribute in contract.Assembly.GetCustomAttributes(typeof(CallPartAttribute), inherit: false).Cast<CallPartAttribute>())
        {
            var part = (CallPart)Activator.CreateInstance(attribute.Part)!;
            if (part.Interfaces.FirstOrDefault(i => i.Type == contract)?.Methods.FirstOrDefault(m => m.Name == name) is { } method) return method;
        }

        throw new InvalidOperationException($"The generator made no call for {contract}.{name}: this project must set <EngineRole>host</EngineRole>.");
    }
}
