using Granary.Engine.Directory;
using Granary.Engine.Membership;
using Granary.Engine.Redis.Directory;
using Granary.Engine.Redis.Membership;
using Granary.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Redis;

/// <summary>What the parts on Redis have in common in a host's services.</summary>
internal static class RedisServices
{
    internal const string DefaultDirectory = "default";

    internal static void AddRedisConnections(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RedisConnections>();
    }

    internal static void AddRedisMembership(this IServiceCollection services, Action<RedisClusteringOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.Configure(configure);
        services.AddRedisConnections();
        services.TryAddSingleton(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<RedisClusteringOptions>>().Value;
            return new RedisMembershipTable(Connection(provider, RedisUse.Membership, options), Keys(provider), provider.GetRequiredService<ILogger<RedisMembershipTable>>());
        });
    }

    /// <summary>Puts the directory beside the membership table if the one that is registered is the engine's own, in memory.</summary>
    internal static void UseRedisDirectoryInsteadOfMemory(this IServiceCollection services)
    {
        var chosen = services.LastOrDefault(static s => s.ServiceType == typeof(IGrainDirectory) && !s.IsKeyedService);
        if (chosen is not null && chosen.ImplementationFactory?.Method.Module.Assembly != typeof(InMemoryGrainDirectory).Assembly) return;
        services.AddSingleton<IGrainDirectory>(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<RedisClusteringOptions>>().Value;
            return CreateDirectory(provider, Connection(provider, RedisUse.Data, options), isFenced: true);
        });
    }

    internal static RedisGrainDirectory CreateDirectory(IServiceProvider provider, RedisGrainDirectoryOptions options)
    {
        Delegate? own = options.CreateMultiplexer == RedisGrainDirectoryOptions.DefaultCreateMultiplexer ? null : options.CreateMultiplexer;
        var connection = provider.GetRequiredService<RedisConnections>().Get(
            RedisUse.Data, options.ConfigurationOptions, own, () => options.CreateMultiplexer(options), "RedisGrainDirectoryOptions.ConfigurationOptions");
        var table = provider.GetService<IMembershipTable>() as RedisMembershipTable;
        return CreateDirectory(provider, connection, isFenced: table is not null && table.Server == connection.Server && table.Database == connection.Database);
    }

    internal static RedisConnection Connection(IServiceProvider provider, RedisUse use, RedisClusteringOptions options)
    {
        Delegate? own = options.CreateMultiplexer == RedisClusteringOptions.DefaultCreateMultiplexer ? null : options.CreateMultiplexer;
        return provider.GetRequiredService<RedisConnections>().Get(
            use, options.ConfigurationOptions, own, () => options.CreateMultiplexer(options), "RedisClusteringOptions.ConfigurationOptions (UseRedisClustering)");
    }

    /// <summary>The connection to the Redis of <c>UseRedisClustering</c>, for a part that names none of its own.</summary>
    /// <exception cref="OrleansConfigurationException">There is none.</exception>
    internal static RedisConnection ClusterConnection(IServiceProvider provider, string part)
    {
        if (provider.GetService<RedisMembershipTable>() is null)
            throw new OrleansConfigurationException($"{part} names no Redis server, and the silo is not clustered over one either. Set options.ConfigurationOptions = RedisConfiguration.Parse(\"localhost:6379\"), or call UseRedisClustering.");
        return Connection(provider, RedisUse.Data, provider.GetRequiredService<IOptions<RedisClusteringOptions>>().Value);
    }

    internal static ClusterKeys Keys(IServiceProvider provider) => new(provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId);

    private static RedisGrainDirectory CreateDirectory(IServiceProvider provider, RedisConnection connection, bool isFenced) =>
        new(connection, Keys(provider), isFenced, () => provider.GetRequiredService<ILocalSiloDetails>().SiloAddress);
}
