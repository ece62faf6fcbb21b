using Granary.Redis;

namespace Granary.Engine.Redis.Directory;

/// <summary>
/// The steps of the directory, each for many grains of one cluster, whose keys are in one slot. An entry is <c>activation silo</c>: 22 characters, a space, and the silo's address with its generation.
/// </summary>
internal static class DirectoryScripts
{
    /// <summary>
    /// KEYS: beats, restoring, one for each grain. ARGV: silo ('' does nothing: so it is loaded), whether its row is asked for (0 1), whether it restores (0 1), then for each grain the entry and the entry it may replace or ''.
    /// Answers {2} when the silo has no living row; else for each grain 1 (registered), 0 (not registered, and nothing may be until all is restored), or the entry of another.
    /// A silo without a beat is Dead, and its entries are anyone's. While silos restore, what is missing may be missing by the loss, and what is there may be older than it: nothing is added or replaced but by those who restore.
    /// </summary>
    internal const string RegisterText = """
        local beats, silo, isFenced = KEYS[1], ARGV[1], ARGV[2] == '1'
        if silo == '' then return {} end
        if isFenced and redis.call('HEXISTS', beats, silo) == 0 then return {2} end
        local mayWrite = ARGV[3] == '1' or not isFenced or redis.call('EXISTS', KEYS[2]) == 0
        local answers = {}
        for i = 3, #KEYS do
          local key, entry, previous = KEYS[i], ARGV[2 * i - 2], ARGV[2 * i - 1]
          local answer = 1
          if not mayWrite or not redis.call('SET', key, entry, 'NX') then
            local current = redis.call('GET', key)
            if not current then
              answer = 0
            elseif current ~= entry then
              local holder = string.sub(current, 24)
              local isAnyones = holder == silo or (isFenced and redis.call('HEXISTS', beats, holder) == 0)
              if not mayWrite then
                answer = isAnyones and 0 or current
              elseif isAnyones
                or (previous ~= '' and (previous == current or (string.sub(previous, 1, 22) == 'AAAAAAAAAAAAAAAAAAAAAA' and string.sub(previous, 24) == holder))) then
                redis.call('SET', key, entry)
              else
                answer = current
              end
            end
          end
          answers[i - 2] = answer
        end
        return answers
        """;

    /// <summary>KEYS: members, restoring. ARGV: silo, the epoch in which it has restored or '' for any. A loss after that epoch wants another restoring, and so does one that the silo has not come back from.</summary>
    internal static readonly RedisScript Complete = new("""
        if ARGV[2] ~= '' and redis.call('HGET', KEYS[1], '#epoch') ~= ARGV[2] then return 0 end
        if redis.call('HGET', KEYS[2], ARGV[1]) ~= '1' then return 0 end
        return redis.call('HDEL', KEYS[2], ARGV[1])
        """);

    /// <summary>KEYS: one for each grain. ARGV: the entry that is to go, for each. Answers how many went.</summary>
    internal static readonly RedisScript Unregister = new("""
        local gone = 0
        for i = 1, #KEYS do
          local entry = ARGV[i]
          local current = redis.call('GET', KEYS[i])
          if current and (current == entry or (string.sub(entry, 1, 22) == 'AAAAAAAAAAAAAAAAAAAAAA' and string.sub(entry, 23) == string.sub(current, 23))) then
            gone = gone + redis.call('DEL', KEYS[i])
          end
        end
        return gone
        """);

    /// <summary>KEYS: one for each grain. ARGV: silos. Removes the entries of those silos.</summary>
    internal static readonly RedisScript Clean = new("""
        local isGone = {}
        for _, silo in ipairs(ARGV) do isGone[silo] = true end
        local gone = 0
        for _, key in ipairs(KEYS) do
          local current = redis.call('GET', key)
          if current and isGone[string.sub(current, 24)] then gone = gone + redis.call('DEL', key) end
        end
        return gone
        """);
}
