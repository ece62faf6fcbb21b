using Granary.Redis;

namespace Granary.Engine.Redis.Membership;

/// <summary>
/// The steps of the membership table. Each is one script, so each is atomic. KEYS are always members, beats, restoring.
/// A row is <c>status since,died;entry</c>: a letter (J A S D), the version of the first view in which it was Active, the server's time (ms) when it became Dead, and the encoded entry.
/// A beat is <c>beat,seen</c> and, each after a space, its witnesses.
/// </summary>
internal static class MembershipScripts
{
    private const string Now = """
        local function now()
          local t = redis.call('TIME')
          return string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
        end

        """;

    /// <summary>The identity of the server process: another after a restart, and after a replica has taken over.</summary>
    private const string Run = """
        local function run()
          return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
        end

        """;

    /// <summary>
    /// The table in a store that may have lost writes: another epoch, in which every silo restores its part. The first survivor to write its row brings the rows that are missing. Beats begin elsewhere: a late word about
    /// one of before must not fit one of now.
    /// </summary>
    private const string BeginAnew = """
        local function beginAnew(members, beats, restoring, epoch, version, channel, start)
          redis.call('HSET', members, '#epoch', epoch)
          redis.call('HSET', members, '#version', version)
          redis.call('HDEL', members, '#before')
          for i, other in ipairs(redis.call('HKEYS', beats)) do
            redis.call('HSET', beats, other, string.format('%.0f,0', tonumber(start) + i))
            redis.call('HSET', restoring, other, '0')
          end
          redis.call('PUBLISH', channel, epoch .. ' ' .. version)
        end

        """;

    /// <summary>
    /// ARGV: a fresh epoch, view channel, a beat to start at. Looks whether the server is the one that the table was last seen on. When it is another, writes may be lost that no version tells of: entries of the directory. Answers 1 when it was
    /// another. Who registers grains runs this on each server before the first registration, see <see cref="Directory.RegisterScript"/>.
    /// </summary>
    internal static readonly RedisScript Verify = new(Run + BeginAnew + """
        local members, beats, restoring = KEYS[1], KEYS[2], KEYS[3]
        if redis.call('HEXISTS', members, '#epoch') == 0 then return 0 end
        local seen = run()
        if redis.call('HGET', members, '#run') == seen then return 0 end
        redis.call('HSET', members, '#run', seen)
        local version = tonumber(redis.call('HGET', members, '#version') or '0') + 1
        beginAnew(members, beats, restoring, ARGV[1], string.format('%.0f', version), ARGV[2], ARGV[3])
        return 1
        """);

    /// <summary>
    /// ARGV: silo, status letter, entry, view channel, a fresh epoch, the epoch in which the silo wrote its row before or '', its view's version, a beat to start at, 'all' when the rows of the others of that view follow
    /// as (silo, row). Answers the whole hash, or 'all' when it needs those rows.
    /// </summary>
    internal static readonly RedisScript Write = new(Now + Run + """
        local members, beats, restoring = KEYS[1], KEYS[2], KEYS[3]
        local silo, status, before = ARGV[1], ARGV[2], ARGV[6]
        local row = redis.call('HGET', members, silo)
        if row and string.byte(row) == 68 then return redis.call('HGETALL', members) end
        local epoch = redis.call('HGET', members, '#epoch')
        local isSurvivor = before ~= '' and before ~= epoch
        local isFirst = isSurvivor and redis.call('HGET', members, '#before') ~= before
        if isFirst and ARGV[9] ~= 'all' then return 'all' end
        if not epoch then
          redis.call('DEL', members, beats, restoring)
          row = false
          epoch = ARGV[5]
          redis.call('HSET', members, '#epoch', epoch)
          redis.call('HSET', members, '#run', run())
        end
        local version = tonumber(redis.call('HGET', members, '#version') or '0')
        if isSurvivor then
          if isFirst then
            if tonumber(ARGV[7]) > version then version = tonumber(ARGV[7]) end
            redis.call('HSET', members, '#before', before)
            for i = 10, #ARGV, 2 do
              if redis.call('HSETNX', members, ARGV[i], ARGV[i + 1]) == 1 then
                redis.call('HSET', beats, ARGV[i], string.format('%.0f,0', tonumber(ARGV[8]) + i))
                redis.call('HSET', restoring, ARGV[i], '0')
              end
            end
            row = redis.call('HGET', members, silo)
          end
          if status ~= 'D' then redis.call('HSET', restoring, silo, '1') end
        end
        version = string.format('%.0f', version + 1)
        redis.call('HSET', members, '#version', version)
        local since = row and string.match(row, '^.(%d+)') or '0'
        if since == '0' and status == 'A' then since = version end
        local died = '0'
        if status == 'D' then
          died = now()
          redis.call('HDEL', beats, silo)
          redis.call('HDEL', restoring, silo)
        else
          redis.call('HSETNX', beats, silo, ARGV[8] .. ',0')
        end
        redis.call('HSET', members, silo, status .. since .. ',' .. died .. ';' .. ARGV[3])
        redis.call('PUBLISH', ARGV[4], epoch .. ' ' .. version)
        return redis.call('HGETALL', members)
        """);

    /// <summary>
    /// ARGV: silo, seen version, the version and the epoch of the table's view here, a fresh epoch, view channel, a beat to start at. Answers lease (0 held, 1 dead, 2 lost, 3 held but not restored yet), version, epoch, beats.
    /// A version behind one that was seen in the same epoch says that the store has lost its last writes (a replica took over): that is another epoch, and everyone restores.
    /// </summary>
    internal static readonly RedisScript Renew = new(BeginAnew + """
        local members, beats, restoring = KEYS[1], KEYS[2], KEYS[3]
        local silo = ARGV[1]
        local epoch = redis.call('HGET', members, '#epoch')
        if not epoch then return {2, '0', '', {}} end
        local version = redis.call('HGET', members, '#version') or '0'
        if ARGV[4] == epoch and tonumber(ARGV[3]) > tonumber(version) then
          version = string.format('%.0f', tonumber(ARGV[3]) + 1)
          epoch = ARGV[5]
          beginAnew(members, beats, restoring, epoch, version, ARGV[6], ARGV[7])
        end
        local lease = 0
        local beat = redis.call('HGET', beats, silo)
        if beat then
          local restored = redis.call('HGET', restoring, silo)
          if restored == '0' then lease = 2 elseif restored then lease = 3 end
          local count, acted = string.match(beat, '^(%d+),(%d+)')
          if lease ~= 2 and tonumber(ARGV[2]) > tonumber(acted) then acted = ARGV[2] end
          redis.call('HSET', beats, silo, string.format('%.0f,%s', tonumber(count) + 1, acted))
        elseif redis.call('HEXISTS', members, silo) == 1 then
          lease = 1
        else
          lease = 2
        end
        return {lease, version, epoch, redis.call('HGETALL', beats)}
        """);

    /// <summary>ARGV: suspect, witness, beat, suspicion channel. Answers the number of witnesses.</summary>
    internal static readonly RedisScript Suspect = new("""
        local beats, suspect, witness = KEYS[2], ARGV[1], ARGV[2]
        local lease = redis.call('HGET', beats, suspect)
        if not lease or string.match(lease, '^%d+') ~= ARGV[3] then return 0 end
        local count, isKnown = 0, false
        for w in string.gmatch(lease, ' ([^ ]+)') do
          count = count + 1
          if w == witness then isKnown = true end
        end
        if isKnown then return count end
        redis.call('HSET', beats, suspect, lease .. ' ' .. witness)
        redis.call('PUBLISH', ARGV[4], suspect .. ' ' .. witness .. ' ' .. ARGV[3])
        return count + 1
        """);

    /// <summary>ARGV: suspect, beat, view channel, by and why. Answers whether it is Dead.</summary>
    internal static readonly RedisScript DeclareDead = new(Now + """
        local members, beats, restoring = KEYS[1], KEYS[2], KEYS[3]
        local suspect = ARGV[1]
        local row = redis.call('HGET', members, suspect)
        if not row then return 0 end
        if string.byte(row) == 68 then return 1 end
        local lease = redis.call('HGET', beats, suspect)
        if not lease or string.match(lease, '^%d+') ~= ARGV[2] then return 0 end
        local since = string.match(row, '^.(%d+)')
        local entry = string.sub(row, string.find(row, ';', 1, true) + 1)
        redis.call('HSET', members, suspect, 'D' .. since .. ',' .. now() .. ';' .. entry)
        redis.call('HSET', members, '#why ' .. suspect, ARGV[4])
        redis.call('HDEL', beats, suspect)
        redis.call('HDEL', restoring, suspect)
        local version = redis.call('HINCRBY', members, '#version', 1)
        redis.call('PUBLISH', ARGV[3], redis.call('HGET', members, '#epoch') .. ' ' .. string.format('%.0f', version))
        return 1
        """);

    /// <summary>ARGV: how long to keep (ms), view channel.</summary>
    internal static readonly RedisScript ForgetDead = new(Now + """
        local members = KEYS[1]
        local all = redis.call('HGETALL', members)
        local time, forgotten = tonumber(now()), 0
        for i = 1, #all, 2 do
          local silo, row = all[i], all[i + 1]
          if string.byte(silo) ~= 35 and string.byte(row) == 68 and time - tonumber(string.match(row, '^%a%d+,(%d+)')) > tonumber(ARGV[1]) then
            redis.call('HDEL', members, silo, '#why ' .. silo)
            forgotten = forgotten + 1
          end
        end
        if forgotten == 0 then return 0 end
        local version = redis.call('HINCRBY', members, '#version', 1)
        redis.call('PUBLISH', ARGV[2], redis.call('HGET', members, '#epoch') .. ' ' .. string.format('%.0f', version))
        return forgotten
        """);
}
