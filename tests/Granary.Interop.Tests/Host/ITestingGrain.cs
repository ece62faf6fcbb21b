using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Interop.Tests.Host;

/// <summary>What the descriptions of gRPC's interop tests ask of a server. The key is an integer, so that an empty message is a request.</summary>
[RpcService("testing", Package = "granary.testing")]
public interface ITestingGrain : IGrainWithIntegerKey
{
    [ReadOnly]
    Task Empty(CancellationToken ct = default);

    [ReadOnly]
    Task<int> Add(int a, int b, CancellationToken ct = default);

    /// <summary>How often it was called with that name.</summary>
    Task<int> Increment(string name, CancellationToken ct = default);

    /// <summary>From 1. Open, since an EventSource sends no token.</summary>
    [ReadOnly]
    [RpcAllowAnonymous]
    IAsyncEnumerable<int> Count(int to, CancellationToken ct = default);

    /// <summary>Answers with so many bytes.</summary>
    Task<Payload> Large(int size, Payload payload, CancellationToken ct = default);

    /// <summary>Answers with the bytes of all payloads.</summary>
    Task<int> Collect(RpcStream<Payload> payloads, CancellationToken ct = default);

    /// <summary>A payload for each size.</summary>
    IAsyncEnumerable<Payload> Produce(IReadOnlyList<int> sizes, CancellationToken ct = default);

    /// <summary>A payload for each ping.</summary>
    IAsyncEnumerable<Payload> PingPong(RpcStream<Ping> pings, CancellationToken ct = default);

    /// <summary>Fails with that code and message.</summary>
    Task<string> Status(int code, string message, CancellationToken ct = default);

    /// <summary>Fails with all the details there are.</summary>
    Task<string> Detailed(CancellationToken ct = default);

    /// <summary>Fails after so many items.</summary>
    IAsyncEnumerable<int> Break(int after, CancellationToken ct = default);

    /// <summary>Ends only by its token, and counts that.</summary>
    Task<string> Sleep(string name, CancellationToken ct = default);

    /// <summary>One item, and then only the token's end, which is counted.</summary>
    IAsyncEnumerable<string> SleepAfterOne(string name, CancellationToken ct = default);

    /// <summary>How often the token of a sleeper of that name has fired.</summary>
    [ReadOnly]
    Task<int> Woken(string name, CancellationToken ct = default);

    /// <summary>How many items of <see cref="Flood"/> were made.</summary>
    [ReadOnly]
    Task<int> Flooded(string name, CancellationToken ct = default);

    /// <summary>Payloads of 16 KB without end.</summary>
    IAsyncEnumerable<Payload> Flood(string name, CancellationToken ct = default);

    /// <summary>What is written as proto3 JSON in a way of its own.</summary>
    [ReadOnly]
    Task<Everything> Echo(Everything everything, CancellationToken ct = default);
}

/// <summary>Bytes.</summary>
[GenerateSerializer]
public sealed class Payload
{
    [Id(0)]
    public byte[] Body { get; set; } = [];
}

/// <summary>How many bytes are wanted back, with some bytes.</summary>
[GenerateSerializer]
public sealed class Ping
{
    [Id(0)]
    public int Size { get; set; }

    [Id(1)]
    public Payload? Payload { get; set; }
}

/// <summary>One of each kind of value.</summary>
[GenerateSerializer]
public sealed class Everything
{
    [Id(0)]
    public long Number { get; set; }

    [Id(1)]
    public double Fraction { get; set; }

    [Id(2)]
    public string Text { get; set; } = "";

    [Id(3)]
    public bool Flag { get; set; }

    [Id(4)]
    public List<int> Numbers { get; set; } = [];

    [Id(5)]
    public Dictionary<string, string> Names { get; set; } = [];

    [Id(6)]
    public DateTimeOffset At { get; set; }

    [Id(7)]
    public TimeSpan Took { get; set; }

    [Id(8)]
    public Shade Shade { get; set; }

    [Id(9)]
    public int? Perhaps { get; set; }

    [Id(10)]
    public Everything? Inner { get; set; }
}

/// <summary>An enum.</summary>
public enum Shade
{
    None = 0,
    LightGrey = 1,
    Dark = 2,
}
