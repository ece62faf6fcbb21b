using Granary.Redis;

namespace Granary.Gateway.Redis;

/// <summary>
/// What changes and reads a shared table. Keys: rows (hash: id -> value), changes (sorted set: id -> the version that changed it last), expiry (sorted set: id -> the ms at which its row, or the mark of
/// its removal, goes), meta (hash: epoch, version, floor). Every change has a version of its own, so that a reader asks for what came after the last one it has seen; a removed id stays in changes for an hour
/// as a mark, and floor is the last version whose mark has gone: who is behind that begins anew. The clock is Redis'.
/// </summary>
internal static class RedisTableScripts
{
    private const string Prologue = """
        local rows, changes, expiry, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local function prune()
          for _, id in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', string.format('%.0f', now), 'LIMIT', 0, 100)) do
            local version = tonumber(redis.call('ZSCORE', changes, id) or '0')
            local floor = tonumber(redis.call('HGET', meta, 'floor') or '0')
            if version > floor then redis.call('HSET', meta, 'floor', string.format('%.0f', version)) end
            redis.call('HDEL', rows, id)
            redis.call('ZREM', changes, id)
            redis.call('ZREM', expiry, id)
          end
        end
        local function set(id, value, lifetime)
          redis.call('ZADD', changes, redis.call('HINCRBY', meta, 'version', 1), id)
          redis.call('HSET', rows, id, value)
          if lifetime > 0 then redis.call('ZADD', expiry, string.format('%.0f', now + lifetime), id) else redis.call('ZREM', expiry, id) end
        end

        """;

    /// <summary>ARGV: id, value, lifetime in ms or 0, expected (<c>=</c> and the value; <c>!</c> for none; empty for any), capacity, channel, table. 1, or 0: not as expected; -1: full.</summary>
    public static readonly RedisScript Set = new(Prologue + """
        prune()
        local have = redis.call('HGET', rows, ARGV[1])
        local expected = string.sub(ARGV[4], 1, 1)
        if expected == '!' and have then return 0 end
        if expected == '=' and have ~= string.sub(ARGV[4], 2) then return 0 end
        if not have and redis.call('HLEN', rows) >= tonumber(ARGV[5]) then return -1 end
        set(ARGV[1], ARGV[2], tonumber(ARGV[3]))
        redis.call('PUBLISH', ARGV[6], ARGV[7])
        return 1
        """);

    /// <summary>ARGV: id, channel, table. 1, or 0 when there is none.</summary>
    public static readonly RedisScript Remove = new(Prologue + """
        prune()
        if redis.call('HDEL', rows, ARGV[1]) == 0 then return 0 end
        redis.call('ZADD', changes, redis.call('HINCRBY', meta, 'version', 1), ARGV[1])
        redis.call('ZADD', expiry, string.format('%.0f', now + 3600000), ARGV[1])
        redis.call('PUBLISH', ARGV[2], ARGV[3])
        return 1
        """);

    /// <summary>ARGV: an epoch for a table that has none, the version seen last, how many rows at most. {epoch, version, reset, id, value or false, ms left or -1, its version, ..}.</summary>
    public static readonly RedisScript Read = new(Prologue + """
        prune()
        redis.call('HSETNX', meta, 'epoch', ARGV[1])
        local since, reset = tonumber(ARGV[2]), 0
        if since > 0 and since < tonumber(redis.call('HGET', meta, 'floor') or '0') then since, reset = 0, 1 end
        local answer = { redis.call('HGET', meta, 'epoch'), redis.call('HGET', meta, 'version') or '0', reset }
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', changes, '(' .. string.format('%.0f', since), '+inf', 'LIMIT', 0, tonumber(ARGV[3]))) do
          local value = redis.call('HGET', rows, id)
          local ends = value and redis.call('ZSCORE', expiry, id)
          answer[#answer + 1] = id
          answer[#answer + 1] = value
          answer[#answer + 1] = ends and string.format('%.0f', math.max(1, tonumber(ends) - now)) or '-1'
          answer[#answer + 1] = redis.call('ZSCORE', changes, id)
        end
        return answer
        """);

    /// <summary>ARGV: channel, table, then id, value, lifetime in ms or 0, ..: brings back the rows that a Redis which lost them does not have.</summary>
    public static readonly RedisScript Restore = new(Prologue + """
        for i = 3, #ARGV, 3 do
          if redis.call('HEXISTS', rows, ARGV[i]) == 0 then set(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])) end
        end
        redis.call('PUBLISH', ARGV[1], ARGV[2])
        return 1
        """);
}
