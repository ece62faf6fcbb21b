using Granary.Engine.Redis.Membership;
using Granary.Hosting;
using Granary.Redis;
using StackExchange.Redis;

namespace Granary.Engine.Redis.Directory;

/// <summary>Registers grains, on no server that has not been looked at first.</summary>
/// <remarks>
/// <para>A server that has restarted from an older snapshot, or a replica that has taken over, may lack entries, and no version tells of it. So each process registers with a script of its own: the same text, with a name in it
/// that is never used again. Another server does not know it and refuses without doing anything. Then</para>
/// <code>
///   1 a script with a new name is loaded, which does nothing yet
///   2 Verify: is this server the one that the table was last seen on? If not, a new epoch begins and everyone restores
///   3 only now registrations use the new name
/// </code>
/// <para>A server that changes between 1 and 2, or 2 and 3, does not know the name that is used in 3: it begins again. Registrations that run meanwhile use the old name or wait for 3, so none gets past step 2.
/// (Up to Redis 6.2 a replica learns scripts when it copies its primary's whole data set; there a fail-over may go unnoticed until the version or a lease shows it.)</para>
/// </remarks>
internal sealed class RegisterScript(RedisConnection connection, ClusterKeys keys, bool isFenced)
{
    /// <summary>Servers that change while they are looked at; more than this is trouble of another kind.</summary>
    private const int MaxAttempts = 5;

    private readonly RedisScript _unfenced = new(DirectoryScripts.RegisterText);
    private readonly Lock _lock = new();
    private Task<RedisScript>? _ready;

    /// <exception cref="RedisRequestException">It failed.</exception>
    internal async Task<RedisResult> RunAsync(RedisKey[] names, RedisValue[] values)
    {
        if (!isFenced) return await connection.RunAsync(_unfenced, names, values, CancellationToken.None).ConfigureAwait(false);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            Task<RedisScript> ready;
            lock (_lock) ready = _ready ??= PrepareAsync();
            try
            {
                if (await connection.TryRunKnownAsync(await ready.ConfigureAwait(false), names, values, CancellationToken.None).ConfigureAwait(false) is { } result) return result;
            }
            catch (RedisRequestException) when (!ready.IsCompletedSuccessfully)
            {
                Forget(ready);
                throw;
            }

            Forget(ready);
        }

        throw new RedisRequestException(
            RedisProblem.Other, $"Redis at {connection.Server} has forgotten a script {MaxAttempts} times at once. Is something flushing its scripts, or are there several servers behind one address?");
    }

    private async Task<RedisScript> PrepareAsync()
    {
        var script = new RedisScript($"-- {Guid.NewGuid():N}\n{DirectoryScripts.RegisterText}");
        await connection.RunAsync(script, [keys.Beats, keys.Restoring], ["", 1, 0], CancellationToken.None).ConfigureAwait(false);
        await connection.RunAsync(MembershipScripts.Verify, [keys.Members, keys.Beats, keys.Restoring], [RedisMembershipTable.NewEpoch(), keys.ViewChannel, RedisMembershipTable.NewBeat()], CancellationToken.None).ConfigureAwait(false);
        return script;
    }

    private void Forget(Task<RedisScript> ready)
    {
        lock (_lock)
        {
            if (_ready == ready) _ready = null;
        }
    }
}
