using System.Collections.Concurrent;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>What a connection is for. Leases have their own, so that a flood of other requests does not delay them.</summary>
internal enum RedisUse
{
    Membership,
    Data,

    /// <summary>What gateways share.</summary>
    Gateway,
}

/// <summary>The connections of one host: one for each server and use, shared by all who ask with the same configuration. Thread-safe.</summary>
internal sealed class RedisConnections(TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>Long enough for a busy server; the client's own default of a second is not.</summary>
    private static readonly TimeSpan s_shortestTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(RedisUse Use, object Identity), RedisConnection> _connections = new();

    /// <param name="use">What for.</param>
    /// <param name="configuration">The server.</param>
    /// <param name="ownFactory">The user's own way to make a client, if there is one: it is asked once for each use.</param>
    /// <param name="create">Makes a client.</param>
    /// <param name="setting">Which setting is missing when there is no server.</param>
    internal RedisConnection Get(
        RedisUse use,
        ConfigurationOptions? configuration,
        Delegate? ownFactory,
        Func<Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> create,
        string setting)
    {
        if (ownFactory is null && configuration is not { EndPoints.Count: > 0 })
        {
            throw new Orleans.Runtime.OrleansConfigurationException(
                $"{setting} names no Redis server. Set it, for example: options.ConfigurationOptions = RedisConfiguration.Parse(\"localhost:6379\").");
        }

        var identity = (object?)ownFactory ?? RedisConfiguration.Identity(configuration!);
        var wanted = TimeSpan.FromMilliseconds(configuration?.SyncTimeout ?? 0);
        return _connections.GetOrAdd((use, identity), _ => new RedisConnection(
            create,
            configuration is { EndPoints.Count: > 0 } ? RedisErrors.Describe(configuration.EndPoints) : "(a client of the application's own)",
            wanted > s_shortestTimeout ? wanted : s_shortestTimeout,
            time,
            loggers.CreateLogger<RedisConnection>())
        {
            Database = configuration?.DefaultDatabase ?? 0,
            User = configuration?.User,
            Configuration = ownFactory is null ? RedisConfiguration.Copy(configuration!) : null,
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values) await connection.DisposeAsync().ConfigureAwait(false);
    }
}
