using System.Globalization;
using Granary.Rpc;

namespace Granary.Samples.Tests;

[Collection(SampleClusterCollection.Name)]
public sealed class DevicesTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture);
    private readonly IDevicesGrain _device;
    private long _sequence;

    public DevicesTests(SampleCluster cluster) => _device = cluster.Grains.GetGrain<IDevicesGrain>(Random.Shared.NextInt64());

    [Fact]
    public async Task A_batch_sent_twice_counts_once()
    {
        Assert.Equal(3, (await _device.Ingest(Readings(1, 3))).Accepted);
        var again = await _device.Ingest(Readings(1, 5));
        Assert.Equal((2, 3), (again.Accepted, again.Duplicates));

        var status = await _device.Get();
        Assert.Equal((5L, 5L, 3.0), (status.Count, status.Last.Sequence, status.Mean));
        Assert.Equal(s_start.AddSeconds(5), status.Last.At);
    }

    [Fact]
    public async Task A_wrong_reading_is_named_and_nothing_of_its_batch_is_taken()
    {
        var readings = Readings(1, 3);
        readings[2] = readings[2] with { Value = double.NaN };
        var error = await Assert.ThrowsAsync<RpcException>(() => _device.Ingest(readings));
        Assert.Equal("readings[2].value", Assert.Single(error.Violations).Field);
        error = await Assert.ThrowsAsync<RpcException>(() => _device.Get());
        Assert.Equal(StatusCode.NotFound, error.Code);
    }

    [Fact]
    public async Task An_alert_reaches_everybody_who_listens()
    {
        await _device.SetLimit(3);
        await using var one = await Listen();
        await using var two = await Listen();

        var before = _sequence;
        Assert.Equal(2, (await _device.Ingest([Next(2), Next(3), Next(4)])).Alerts);
        foreach (var reader in new[] { one, two })
        {
            Assert.Equal(before + 2, (await reader.NextAfter(before)).Reading.Sequence);
            var alert = await reader.Next();
            Assert.Equal((before + 3, 4.0, 3.0, 0L), (alert.Reading.Sequence, alert.Reading.Value, alert.Limit, alert.Missed));
        }
    }

    [Fact]
    public async Task A_slow_reader_loses_the_oldest_alerts_and_learns_how_many()
    {
        const int Sent = 5_000;
        await _device.SetLimit(0);
        await using var reader = await Listen();
        await _device.Ingest([.. Enumerable.Range(0, Sent).Select(i => Next(i))]);

        long missed = 0, last = reader.Last;
        while (last < _sequence)
        {
            var alert = await reader.Next();
            Assert.Equal(last + alert.Missed + 1, alert.Reading.Sequence);
            last = alert.Reading.Sequence;
            missed += alert.Missed;
        }

        Assert.InRange(missed, Sent / 2, Sent - 1);
    }

    [Fact]
    public async Task A_reader_who_leaves_makes_room_for_another()
    {
        await _device.SetLimit(0);
        for (var i = 0; i < 150; i++) await (await Listen()).DisposeAsync();

        var readers = new List<Listener>();
        for (var i = 0; i < 100; i++) readers.Add(await Listen());
        var error = await Assert.ThrowsAsync<RpcException>(Listen);
        Assert.Equal(StatusCode.ResourceExhausted, error.Code);
        foreach (var reader in readers) await reader.DisposeAsync();
    }

    private Reading Next(double value) => new() { Sequence = ++_sequence, At = s_start, Value = value };

    // A listener is there for sure once an alert has reached it: some are sent until one does.
    private async Task<Listener> Listen()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var listener = new Listener(_device.Alerts());
        var first = listener.Next();
        while (!first.IsCompleted)
        {
            bound.Token.ThrowIfCancellationRequested();
            await _device.Ingest([Next(1_000)]);
            await Task.Yield();
        }

        await first;
        return listener;
    }

    private static Reading[] Readings(int from, int to) =>
        [.. Enumerable.Range(from, to - from + 1).Select(i => new Reading { Sequence = i, At = s_start.AddSeconds(i), Value = i })];

    private sealed class Listener(IAsyncEnumerable<DeviceAlert> alerts) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<DeviceAlert> _alerts = alerts.GetAsyncEnumerator();

        /// <summary>The sequence number of the last alert read.</summary>
        public long Last { get; private set; }

        public async Task<DeviceAlert> Next()
        {
            if (!await _alerts.MoveNextAsync()) throw new InvalidOperationException("The stream of alerts ended.");
            Last = _alerts.Current.Reading.Sequence;
            return _alerts.Current;
        }

        public async Task<DeviceAlert> NextAfter(long sequence)
        {
            DeviceAlert alert;
            do alert = await Next();
            while (alert.Reading.Sequence <= sequence);
            return alert;
        }

        public ValueTask DisposeAsync() => _alerts.DisposeAsync();
    }
}
