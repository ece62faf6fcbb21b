using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Gateway.Tests.Support;

/// <summary>Methods of every kind, for the tests of the gateway.</summary>
[RpcService("probe", Package = "granary.tests")]
public interface IProbeGrain : IGrainWithStringKey
{
    /// <summary>The grain's key.</summary>
    [ReadOnly]
    Task<string> Key(CancellationToken ct = default);

    /// <summary>A product.</summary>
    Task<double> Multiply(double a, double b, CancellationToken ct = default);

    /// <summary>A sum, with a default.</summary>
    [ReadOnly]
    Task<long> Add(int a, long b = 5, CancellationToken ct = default);

    Task<Parcel?> Pack(Parcel? parcel, IReadOnlyList<int> sizes, CancellationToken ct = default);

    Task Nothing(CancellationToken ct = default);

    [OneWay]
    Task Forget(string text);

    Task<string> Fail(string how, CancellationToken ct = default);

    /// <summary>Ends only by its token.</summary>
    Task<string> Wait(CancellationToken ct = default);

    /// <summary>Ends when the test lets it.</summary>
    Task<string> Hold(CancellationToken ct = default);

    [RpcMethod(Deadline = "50ms")]
    Task<string> WaitBriefly(CancellationToken ct = default);

    /// <summary>What the grain finds in its context.</summary>
    [RpcAllowAnonymous]
    Task<Dictionary<string, string>> WhoAmI(CancellationToken ct = default);

    [RpcAuthorize(Roles = "admin,operator")]
    Task<string> ForAdmins(CancellationToken ct = default);

    [RpcAuthorize(Scopes = "parcels.read parcels.write")]
    [RpcMethod(Priority = CallPriority.Batch)]
    Task<string> ForScopes(CancellationToken ct = default);

    [RpcAuthorize(Policy = "tenant-a")]
    Task<string> ForTenant(CancellationToken ct = default);

    [RpcAllowAnonymous]
    [ReadOnly]
    Task<string> Open(CancellationToken ct = default);

    [RpcAllowAnonymous]
    [RpcMethod(RateLimit = "few")]
    Task<string> Scarce(CancellationToken ct = default);

    [RpcMethod(Http = "PUT /things/{key}/parts/{part}")]
    Task<string> SetPart(int part, string name, bool fast = false, CancellationToken ct = default);

    [ReadOnly]
    [RpcMethod(Http = "GET /things/{key}/parts/{part}")]
    Task<string> GetPart(int part, string? unit = null, CancellationToken ct = default);

    [RpcMethod(Http = "POST /parcels")]
    Task<string> Register(NamedParcel parcel, CancellationToken ct = default);

    /// <summary>Numbers from 1.</summary>
    [ReadOnly]
    IAsyncEnumerable<long> Count(long to, CancellationToken ct = default);

    /// <summary>Numbers, and then an error.</summary>
    IAsyncEnumerable<long> Break(int after, string how, CancellationToken ct = default);

    /// <summary>What the test writes.</summary>
    IAsyncEnumerable<Parcel> Live(CancellationToken ct = default);

    /// <summary>Texts of 32 KB without end.</summary>
    IAsyncEnumerable<string> Flood(CancellationToken ct = default);

    Task<double> Sum(RpcStream<double> numbers, double start = 0, CancellationToken ct = default);

    IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, CancellationToken ct = default);

    /// <summary>Counts numbers, once the test lets it.</summary>
    Task<int> Hesitate(RpcStream<double> numbers, CancellationToken ct = default);

    /// <summary>Takes parcels until one is heavy.</summary>
    Task<int> TakeUntilHeavy(RpcStream<Parcel> parcels, CancellationToken ct = default);

    [Obsolete("use Key"), Sunset("2027-06-01")]
    Task<string> Old(CancellationToken ct = default);
}

/// <summary>The second version.</summary>
[RpcService("probe", Version = 2, Package = "granary.tests")]
public interface IProbeGrainV2 : IGrainWithStringKey
{
    [ReadOnly]
    Task<string> Key(CancellationToken ct = default);

    Task<int> OnlyInTwo(CancellationToken ct = default);
}

/// <summary>Keys that are numbers.</summary>
[RpcService("numbered", Package = "granary.tests")]
public interface INumberedGrain : IGrainWithIntegerKey
{
    [ReadOnly]
    Task<long> Key(CancellationToken ct = default);
}

/// <summary>Keys that are GUIDs.</summary>
[RpcService("unique", Package = "granary.tests")]
public interface IUniqueGrain : IGrainWithGuidKey
{
    [ReadOnly]
    Task<Guid> Key(CancellationToken ct = default);
}

/// <summary>Not exposed.</summary>
public interface IHiddenGrain : IGrainWithStringKey
{
    Task<string> Secret();
}

/// <summary>Something sent.</summary>
[GenerateSerializer]
public sealed class Parcel
{
    [Id(0)]
    public required string To { get; set; }

    [Id(1)]
    public double Weight { get; set; }

    [Id(2)]
    public List<Parcel> Inner { get; set; } = [];

    [Id(3)]
    public Urgency Urgency { get; set; }
}

/// <summary>How fast.</summary>
public enum Urgency
{
    Normal = 0,
    Express = 1,
}

/// <summary>A parcel that names its grain.</summary>
[GenerateSerializer]
public sealed class NamedParcel
{
    [RpcKey]
    [Id(0)]
    public required string Name { get; set; }

    [Id(1)]
    public int Pieces { get; set; }
}
