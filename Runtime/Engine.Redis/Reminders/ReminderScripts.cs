using Granary.Redis;

namespace Granary.Engine.Redis.Reminders;

/// <summary>The steps of the reminder table. KEYS are always the rows and the ring.</summary>
internal static class ReminderScripts
{
    /// <summary>ARGV: reminder, row, hash.</summary>
    internal static readonly RedisScript Upsert = new("""
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
        return 1
        """);

    /// <summary>ARGV: reminder, version. Answers whether it went.</summary>
    internal static readonly RedisScript Remove = new("""
        local row = redis.call('HGET', KEYS[1], ARGV[1])
        if not row or string.sub(row, 1, string.len(ARGV[2]) + 1) ~= ARGV[2] .. ' ' then return 0 end
        redis.call('HDEL', KEYS[1], ARGV[1])
        redis.call('ZREM', KEYS[2], ARGV[1])
        return 1
        """);

    /// <summary>ARGV: least and greatest hash as ZRANGEBYSCORE takes them, how many. Answers where to go on (the last hash; '' at the end), then reminder and row by turns; those with the same hash are never parted.</summary>
    internal static readonly RedisScript Page = new("""
        local found = redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
        local last = ''
        if #found == tonumber(ARGV[3]) then
          last = redis.call('ZSCORE', KEYS[2], found[#found])
          local isIn = {}
          for _, reminder in ipairs(found) do isIn[reminder] = true end
          for _, reminder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], last, last)) do
            if not isIn[reminder] then found[#found + 1] = reminder end
          end
        end
        local answer = {last}
        for _, reminder in ipairs(found) do
          local row = redis.call('HGET', KEYS[1], reminder)
          if row then
            answer[#answer + 1] = reminder
            answer[#answer + 1] = row
          end
        end
        return answer
        """);
}
