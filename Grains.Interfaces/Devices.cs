using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>Telemetry of one device: batches in, live alerts out. The key is the device's number.</summary>
[RpcService("devices", Owner = "telemetry")]
[RpcAuthorize(Roles = "user,admin")]
public interface IDevicesGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Takes a batch of up to 10,000 readings in one call. Readings with an older or equal sequence number than the last one seen
    /// are counted as duplicates and ignored, so a batch may be sent again.
    /// </summary>
    [Idempotent]
    [RpcMethod(RateLimit = "ingest")]
    Task<IngestResult> Ingest(IReadOnlyList<Reading> readings, CancellationToken ct = default);

    /// <summary>The device's latest reading and the figures since activation. NotFound before the first reading.</summary>
    [ReadOnly]
    [RpcMethod(Http = "GET /devices/{key}")]
    Task<DeviceStatus> Get(CancellationToken ct = default);

    /// <summary>From which value on a reading is an alert; the limit outlives the activation.</summary>
    [Idempotent]
    [RpcAuthorize(Roles = "admin")]
    Task SetLimit(double limit, CancellationToken ct = default);

    /// <summary>
    /// Alerts as they happen. A reader that falls more than 256 alerts behind loses the oldest ones and learns how many from
    /// <see cref="DeviceAlert.Missed"/>: ingesting never waits for a reader.
    /// </summary>
    IAsyncEnumerable<DeviceAlert> Alerts(CancellationToken ct = default);
}

/// <summary>One measurement.</summary>
[GenerateSerializer, Immutable]
public readonly record struct Reading
{
    /// <summary>The device's own counter, 1 or higher and rising.</summary>
    [Id(0)]
    public required long Sequence { get; init; }

    /// <summary>When it was measured, by the device's clock.</summary>
    [Id(1)]
    public required DateTimeOffset At { get; init; }

    /// <summary>What was measured.</summary>
    [Id(2)]
    public required double Value { get; init; }
}

/// <summary>What became of a batch.</summary>
[GenerateSerializer, Immutable]
public sealed record IngestResult
{
    /// <summary>New readings.</summary>
    [Id(0)]
    public int Accepted { get; init; }

    /// <summary>Readings seen before.</summary>
    [Id(1)]
    public int Duplicates { get; init; }

    /// <summary>How many of the new ones were alerts.</summary>
    [Id(2)]
    public int Alerts { get; init; }
}

/// <summary>A device at a glance.</summary>
[GenerateSerializer, Immutable]
public sealed record DeviceStatus
{
    /// <summary>The device.</summary>
    [Id(0)]
    public long Device { get; init; }

    /// <summary>The reading with the highest sequence number.</summary>
    [Id(1)]
    public Reading Last { get; init; }

    /// <summary>How many readings this activation took.</summary>
    [Id(2)]
    public long Count { get; init; }

    /// <summary>The mean value of those.</summary>
    [Id(3)]
    public double Mean { get; init; }

    /// <summary>From which value on a reading is an alert; absent when none was set.</summary>
    [Id(4)]
    public double? Limit { get; init; }
}

/// <summary>A reading at or above the limit.</summary>
[GenerateSerializer, Immutable]
public sealed record DeviceAlert
{
    /// <summary>The device.</summary>
    [Id(0)]
    public long Device { get; init; }

    /// <summary>The reading.</summary>
    [Id(1)]
    public Reading Reading { get; init; }

    /// <summary>The limit it reached.</summary>
    [Id(2)]
    public double Limit { get; init; }

    /// <summary>How many alerts this reader lost just before this one, for being too slow.</summary>
    [Id(3)]
    public long Missed { get; init; }
}
