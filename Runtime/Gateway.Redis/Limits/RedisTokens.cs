using Granary.Gateway.Admission;
using Granary.Redis;
using StackExchange.Redis;

namespace Granary.Gateway.Redis.Limits;

/// <summary>
/// The token buckets that gateways share: one key each, which holds the moment at which the bucket is full again (the generic cell rate algorithm, ITU-T I.371) and is gone when it is. One script changes it, by the
/// server's clock.
/// </summary>
internal sealed class RedisTokens(GatewayStore store) : ISharedTokens
{
    /// <summary>A gateway that has been silent for this long is not counted.</summary>
    private const int SilentMs = 5000;

    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(1);

    // Microseconds since the end of 2023 rather than 1970: with four bits more for the fraction of an interval.
    private static readonly RedisScript s_take = new("""
        local time = redis.call('TIME')
        local now = (time[1] - 1704000000) * 1000000 + time[2]
        local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local owed, back, need, ahead = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
        local capacity = burst * interval
        local full = tonumber(redis.call('GET', KEYS[1]) or now)
        full = math.max(full, now) + owed * interval
        -- Also where the clock has gone back: no bucket is emptier than empty.
        full = math.max(math.min(full, now + capacity) - back * interval, now)
        -- The division may end a little below a whole number.
        local left = math.floor((now + capacity - full) / interval + 0.001)
        local granted = math.min(need, left)
        left = left - granted
        local stock = math.min(ahead, math.floor(left / 4))
        left = left - stock
        full = full + (granted + stock) * interval
        if full > now then
          redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil((full - now) / 1000) + 1)
        else
          redis.call('DEL', KEYS[1])
        end
        local wait = 0
        if left < 1 then wait = math.max(1, math.ceil(full + interval - capacity - now)) end
        return {granted, stock, left, math.ceil(math.max(0, full - now)), wait}
        """);

    private static readonly RedisScript s_beat = new("""
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        for _, silent in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])) do
          redis.call('ZREM', KEYS[1], silent)
        end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return #redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf')
        """);

    private static readonly RedisScript s_gone = new("return redis.call('ZREM', KEYS[1], ARGV[1])");

    private readonly string _gateway = Guid.NewGuid().ToString("N");
    private readonly RedisKey[] _gateways = [$"{store.Prefix}gateways"];

    public async ValueTask<int> BeatAsync(TimeSpan timeout, CancellationToken cancellation) =>
        (int)await store.Connection.RunAsync(s_beat, _gateways, [_gateway, SilentMs], cancellation, timeout).ConfigureAwait(false);

    public async ValueTask LeaveAsync() => await store.Connection.RunAsync(s_gone, _gateways, [_gateway], default, s_leave).ConfigureAwait(false);

    public async ValueTask<SharedAnswer> TakeAsync(SharedRequest request, TimeSpan timeout)
    {
        RedisKey[] keys = [$"{store.Prefix}limit:{{{KeyPart.Escape(request.Policy)}:{request.Partition}}}"];
        RedisValue[] values = [Text(request.Interval), request.Burst, Text(request.Owed), request.Back, request.Need, request.Ahead];
        var result = (RedisResult[])await store.Connection.RunAsync(s_take, keys, values, default, timeout).ConfigureAwait(false);
        return new SharedAnswer((int)result[0], (int)result[1], (int)result[2], TimeSpan.FromMicroseconds((long)result[3]), TimeSpan.FromMicroseconds((long)result[4]));
    }

    private static string Text(double number) => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
}
