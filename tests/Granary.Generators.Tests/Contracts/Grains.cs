using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Generators.Tests.Contracts;

/// <summary>Everything an exposed interface can have.</summary>
[RpcService("things", Version = 2, Owner = "the \"team\"")]
[RpcObjective(Latency = "200ms", Availability = 0.999)]
[RpcAuthorize(Roles = "user, admin", Scopes = "read write")]
public interface IThingsGrain : IGrainWithStringKey, ICounted
{
    /// <summary>Adds <paramref name="a"/> and <c>b</c>.</summary>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="ct">Ends it.</param>
    [ReadOnly]
    [RpcMethod(Http = "GET /things/{key}/sum/{a}", Deadline = "1.5s", RateLimit = "cheap", Priority = CallPriority.Batch)]
    Task<int> Sum(int a, int b = 40, CancellationToken ct = default);

    [RpcAllowAnonymous]
    ValueTask<Person?> Find(string? name = null, Tone tone = Tone.Loud);

    [Idempotent]
    Task Save(Person person, List<Point> points);

    [OneWay]
    Task Forget(long number);

    IAsyncEnumerable<Point> Walk(int steps, CancellationToken ct = default);

    Task<long> Total(RpcStream<short> numbers, long start = 100);

    IAsyncEnumerable<Person> Rename(RpcStream<Person> people, string suffix);

    Task<Immutable<List<int>>> Keep(Immutable<List<int>> numbers);
}

/// <summary>A base of a grain interface.</summary>
public interface ICounted : IGrain
{
    Task<Dictionary<string, int>> Counts();
}

[GenerateSerializer]
public sealed record Parcel
{
    [Id(0)]
    [RpcKey]
    public required long Number { get; init; }

    [Id(1)]
    public required string To { get; init; }

    [Id(2)]
    public List<string> Notes { get; init; } = ["fragile"];
}

[RpcService("parcels", Package = "acme.mail")]
public interface IParcelsGrain : IGrainWithIntegerKey
{
    [RpcMethod(Http = "POST /parcels")]
    Task<Parcel> Send(Parcel parcel, CancellationToken ct = default);
}

/// <summary>On its way out.</summary>
[RpcService("pairs")]
[Obsolete("Use ids.")]
[Sunset("2027-06-01")]
public interface IPairsGrain : IGrainWithIntegerCompoundKey
{
    Task<string> Key();
}

[RpcService("ids")]
public interface IIdsGrain : IGrainWithGuidKey
{
    Task<string> Key();
}

public interface IListener : IGrainObserver
{
    void Heard(Person person);
}

/// <summary>Not exposed: references travel.</summary>
public interface IInternalGrain : IGrainWithGuidCompoundKey
{
    Task Subscribe(IListener listener, IThingsGrain? other, List<IThingsGrain> more);

    Task<IThingsGrain> Owner();

    [AlwaysInterleave, ResponseTimeout("00:00:07")]
    Task Poke(Figure figure, Page<int> page, byte[] data, Orleans.Runtime.GrainId id);

    Task Poke(int number);

    [OneWay]
    void Hint(string text);
}

public sealed class InternalGrain : Grain, ICountedThings
{
    public Task<int> Get() => Task.FromResult(1);
}

public interface ICountedThings : IGrainWithStringKey
{
    Task<int> Get();
}
