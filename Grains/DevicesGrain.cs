using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// One device. Readings live in memory (a device sends again after a crash; the sequence number sorts out what is new), the limit is stored.
/// Each reader of alerts has a bounded buffer that drops its oldest entry when full: a slow reader costs itself, never the device.
/// </summary>
public sealed class DevicesGrain([PersistentState("device")] IPersistentState<DeviceState> device) : Grain, IDevicesGrain
{
    private const int LargestBatch = 10_000;
    private const int MostReaders = 100;
    private readonly List<AlertReader> _readers = [];
    private Reading _last;
    private long _count;
    private double _sum;

    private long Device => this.GetPrimaryKeyLong();

    public Task<IngestResult> Ingest(IReadOnlyList<Reading> readings, CancellationToken ct)
    {
        Check(readings);
        var limit = device.State.Limit ?? double.PositiveInfinity;
        int accepted = 0, alerts = 0;
        foreach (var reading in readings)
        {
            if (reading.Sequence <= _last.Sequence) continue;
            _last = reading;
            _sum += reading.Value;
            accepted++;
            if (reading.Value < limit) continue;
            alerts++;
            foreach (var reader in _readers) reader.Add(new DeviceAlert { Device = Device, Reading = reading, Limit = limit });
        }

        _count += accepted;
        return Task.FromResult(new IngestResult { Accepted = accepted, Duplicates = readings.Count - accepted, Alerts = alerts });
    }

    public Task<DeviceStatus> Get(CancellationToken ct) => _count == 0
        ? throw new RpcException(StatusCode.NotFound, $"device {Device} has sent nothing since it was activated")
        : Task.FromResult(new DeviceStatus { Device = Device, Last = _last, Count = _count, Mean = _sum / _count, Limit = device.State.Limit });

    public Task SetLimit(double limit, CancellationToken ct)
    {
        if (!double.IsFinite(limit)) throw RpcException.Invalid("limit", "must be a finite number");
        return device.Replace(new DeviceState { Limit = limit });
    }

    public async IAsyncEnumerable<DeviceAlert> Alerts([EnumeratorCancellation] CancellationToken ct)
    {
        if (_readers.Count >= MostReaders)
        {
            throw new RpcException(StatusCode.ResourceExhausted, $"device {Device} has {MostReaders} readers of alerts, the most it serves: try again later");
        }

        var reader = new AlertReader();
        _readers.Add(reader);
        try
        {
            await foreach (var alert in reader.ReadAll(ct)) yield return alert;
        }
        finally
        {
            _readers.Remove(reader);
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        foreach (var reader in _readers) reader.End(new RpcException(StatusCode.Unavailable, $"device {Device} is moving: read its alerts again"));
        return Task.CompletedTask;
    }

    private static void Check(IReadOnlyList<Reading> readings)
    {
        if (readings.Count is < 1 or > LargestBatch)
        {
            throw RpcException.Invalid("readings", $"has {readings.Count} readings; must have 1 to {LargestBatch}");
        }

        for (var i = 0; i < readings.Count; i++)
        {
            if (readings[i].Sequence < 1) throw RpcException.Invalid($"readings[{i}].sequence", $"is {readings[i].Sequence}; must be 1 or more");
            if (!double.IsFinite(readings[i].Value)) throw RpcException.Invalid($"readings[{i}].value", "must be a finite number");
        }
    }

    /// <summary>The buffer of one reader. Used in the grain's turns only, so its counter needs no lock.</summary>
    private sealed class AlertReader
    {
        private const int Buffered = 256;
        private readonly Channel<DeviceAlert> _alerts;
        private long _missed;

        public AlertReader() => _alerts = Channel.CreateBounded<DeviceAlert>(
            new BoundedChannelOptions(Buffered) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => _missed++);

        public void Add(DeviceAlert alert) => _alerts.Writer.TryWrite(alert);

        public void End(Exception reason) => _alerts.Writer.TryComplete(reason);

        public async IAsyncEnumerable<DeviceAlert> ReadAll([EnumeratorCancellation] CancellationToken ct)
        {
            // Not ReadAllAsync: it takes items outside the grain's turns (it awaits without the context), while this turn may be dropping others.
            while (await _alerts.Reader.WaitToReadAsync(ct))
            {
                while (_alerts.Reader.TryRead(out var alert))
                {
                    // What was dropped since the last read is older than everything still buffered: it lies just before this alert.
                    var missed = _missed;
                    _missed = 0;
                    yield return missed == 0 ? alert : alert with { Missed = missed };
                }
            }
        }
    }
}

/// <summary>What is stored of a device.</summary>
[GenerateSerializer, Immutable]
public sealed record DeviceState
{
    /// <summary>From which value on a reading is an alert.</summary>
    [Id(0)]
    public double? Limit { get; init; }
}
