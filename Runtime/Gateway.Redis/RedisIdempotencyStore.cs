using Granary.Gateway.Idempotency;
using Granary.Hosting;
using Granary.Redis;
using Granary.Rpc;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Granary.Gateway.Redis;

/// <summary>The store of all gateways of a service: one hash for each call, which goes by itself when it has been kept for its time. Leases are by Redis' clock.</summary>
internal sealed class RedisIdempotencyStore(GatewayStore store, IOptions<GatewayOptions> options) : IIdempotencyStore
{
    // f: fingerprint; o: owner, while it runs; u: until when it is the owner's, ms; r: the outcome.
    private static readonly RedisScript s_begin = new(
        """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        local e = redis.call('HMGET', KEYS[1], 'f', 'o', 'u', 'r')
        if not e[1] then
          redis.call('HSET', KEYS[1], 'f', ARGV[1], 'o', ARGV[2], 'u', now + ARGV[3])
          redis.call('PEXPIRE', KEYS[1], ARGV[4])
          return {0}
        end
        if e[1] ~= ARGV[1] then return {4} end
        if e[4] then return {2, e[4]} end
        if e[2] == ARGV[2] then return {0} end
        if e[2] and tonumber(e[3]) > now then return {1} end
        if ARGV[5] ~= '1' then return {3} end
        redis.call('HSET', KEYS[1], 'o', ARGV[2], 'u', now + ARGV[3])
        return {0}
        """);

    private static readonly RedisScript s_end = new(
        """
        if redis.call('HGET', KEYS[1], 'o') ~= ARGV[1] then return 0 end
        redis.call('HDEL', KEYS[1], 'o', 'u')
        if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'r', ARGV[3]) end
        return 1
        """);

    private static readonly RedisScript s_forget = new(
        """
        if redis.call('HGET', KEYS[1], 'o') ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """);

    private readonly TimeSpan _timeout = options.Value.Idempotency.StoreTimeout;

    public async ValueTask<IdempotencyEntry> BeginAsync(string id, ReadOnlyMemory<byte> fingerprint, string owner, TimeSpan lease, TimeSpan keep, bool mayTakeOver, CancellationToken cancellation)
    {
        var answer = (RedisResult[])await RunAsync(s_begin, id, [fingerprint.ToArray(), owner, (long)lease.TotalMilliseconds, (long)keep.TotalMilliseconds, mayTakeOver ? 1 : 0], cancellation);
        return (int)answer[0] switch
        {
            0 => new(IdempotencyState.Ours),
            1 => new(IdempotencyState.Running),
            2 => new(IdempotencyState.Done, (byte[])answer[1]),
            3 => new(IdempotencyState.Unknown),
            _ => new(IdempotencyState.OtherCall),
        };
    }

    public async ValueTask EndAsync(string id, string owner, ReadOnlyMemory<byte>? outcome, CancellationToken cancellation) =>
        await RunAsync(s_end, id, [owner, outcome is null ? 0 : 1, outcome?.ToArray() ?? []], cancellation);

    public async ValueTask ForgetAsync(string id, string owner, CancellationToken cancellation) => await RunAsync(s_forget, id, [owner], cancellation);

    private async Task<RedisResult> RunAsync(RedisScript script, string id, RedisValue[] values, CancellationToken cancellation)
    {
        try
        {
            return await store.Connection.RunAsync(script, [store.Prefix + "once:" + id], values, cancellation, _timeout);
        }
        catch (Exception error) when (error is RedisRequestException or OperationCanceledException)
        {
            throw new RpcException(StatusCode.Unavailable, script == s_begin ? "which calls have run cannot be looked up at the moment; this one was not run. Call again, with the same idempotency key" : $"the store did not answer: {error.Message}", error);
        }
    }
}
