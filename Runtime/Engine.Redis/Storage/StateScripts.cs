using Granary.Redis;

namespace Granary.Engine.Redis.Storage;

/// <summary>The steps of the grain storage: a compare-and-set of a state's version, in one hash.</summary>
internal static class StateScripts
{
    /// <summary>KEYS: the state. ARGV: expected version or '', new version, data, schema stamp, time, milliseconds to keep or 0. Answers the new version, or 'x' and the stored one.</summary>
    internal static readonly RedisScript Write = new("""
        local stored = redis.call('HGET', KEYS[1], 'etag') or ''
        if stored ~= ARGV[1] then return 'x' .. stored end
        redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'data', ARGV[3], 'schema', ARGV[4], 'time', ARGV[5])
        if ARGV[6] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
        return ARGV[2]
        """);

    /// <summary>KEYS: the state. ARGV: expected version or '', new version, whether the key goes (0 1), time. Answers the version that stays or '', or 'x' and the stored one.</summary>
    internal static readonly RedisScript Clear = new("""
        local stored = redis.call('HGET', KEYS[1], 'etag') or ''
        if stored ~= ARGV[1] then return 'x' .. stored end
        if stored == '' then return '' end
        if ARGV[3] == '1' then
          redis.call('DEL', KEYS[1])
          return ''
        end
        redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'time', ARGV[4])
        redis.call('HDEL', KEYS[1], 'data', 'schema')
        return ARGV[2]
        """);
}
