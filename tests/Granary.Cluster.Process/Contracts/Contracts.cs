using Granary.Rpc;

namespace Granary.Cluster.Contracts;

/// <summary>A number in persistent state that callers increment. Every reply says which activation gave it.</summary>
public interface ICounterGrain : IGrainWithStringKey
{
    /// <summary>Adds one and stores the sum.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="sequence">The caller's own count of its requests to this counter: a request that is executed twice is noticed by it.</param>
    Task<Count> Increment(string caller, long sequence);

    Task<CounterReport> Read();

    /// <summary>Ends this activation; the next call is answered by another one, wherever it is placed.</summary>
    Task Leave();
}

/// <summary>A grain without state: where it lives is all there is to it.</summary>
public interface IPlaceGrain : IGrainWithStringKey
{
    Task<Place> Where();

    /// <summary>Answers after a while.</summary>
    /// <param name="milliseconds">How long.</param>
    Task<Place> Linger(int milliseconds);

    /// <summary>Keeps its thread for a while, as code does that computes or blocks.</summary>
    /// <param name="milliseconds">How long.</param>
    Task<Place> Compute(int milliseconds);

    /// <summary>Waits for half a second, so that many can begin together, and then blocks its thread.</summary>
    /// <param name="milliseconds">How long it blocks.</param>
    Task<Place> Block(int milliseconds);
}

/// <summary>A grain without state that is placed at random, whatever the silos have to do.</summary>
public interface IScatteredGrain : IGrainWithStringKey
{
    Task<Place> Where();
}

/// <summary>An account; it may be overdrawn. The balances of all accounts always sum up to 0, but for transfers under way.</summary>
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Adds an amount once, however often it is asked for the same transfer.</summary>
    Task Apply(string transfer, long amount);

    Task<long> Balance();
}

/// <summary>One transfer between two accounts. Asked again it goes on where it was.</summary>
public interface ITransferGrain : IGrainWithStringKey
{
    Task Run(string from, string to, long amount);
}

/// <summary>Streams in both directions.</summary>
public interface IStreamGrain : IGrainWithStringKey
{
    IAsyncEnumerable<long> Count(long from, int items, CancellationToken ct = default);

    Task<long> Sum(RpcStream<long> numbers, CancellationToken ct = default);
}

/// <summary>Which activation answered.</summary>
[GenerateSerializer, Immutable]
public sealed record Place
{
    /// <summary>The silo, in parsable form.</summary>
    [Id(0)]
    public string Silo { get; init; } = "";

    /// <summary>The activation's token: each activation of a grain has a greater one than those before.</summary>
    [Id(1)]
    public long Token { get; init; }
}

/// <summary>What an increment has made of the counter, and where.</summary>
[GenerateSerializer, Immutable]
public sealed record Count
{
    [Id(0)]
    public long Value { get; init; }

    [Id(1)]
    public Place Place { get; init; } = new();
}

/// <summary>A counter as it is stored.</summary>
[GenerateSerializer, Immutable]
public sealed record CounterReport
{
    [Id(0)]
    public long Value { get; init; }

    /// <summary>Requests that came when the same or a later one of their caller had been executed.</summary>
    [Id(1)]
    public long Repeated { get; init; }
}
