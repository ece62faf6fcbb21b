using Granary.Engine.Membership;
using Granary.Engine.Redis;
using Granary.Engine.Redis.Membership;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Hosting;

namespace Microsoft.Extensions.Hosting
{
    /// <summary>Silos that find each other through Redis.</summary>
    public static class RedisClusteringISiloBuilderExtensions
    {
        /// <inheritdoc cref="UseRedisClustering(ISiloBuilder, Action{RedisClusteringOptions})"/>
        /// <param name="builder">The silo.</param>
        /// <param name="redisConnectionString">See <see cref="RedisConfiguration.Parse"/>.</param>
        /// <exception cref="ArgumentException">The string is no connection string.</exception>
        public static ISiloBuilder UseRedisClustering(this ISiloBuilder builder, string redisConnectionString)
        {
            var configuration = RedisConfiguration.Parse(redisConnectionString);
            return builder.UseRedisClustering(options => options.ConfigurationOptions = configuration);
        }

        /// <summary>
        /// Keeps the membership table in Redis and, unless another directory has been chosen, the grain directory beside it. (With the official engine the default directory is in the silos' memory; choose this one there
        /// with <c>UseRedisGrainDirectoryAsDefault</c>.)
        /// </summary>
        public static ISiloBuilder UseRedisClustering(this ISiloBuilder builder, Action<RedisClusteringOptions> configuration)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Services.AddRedisMembership(configuration);
            builder.Services.AddSingleton<IMembershipTable>(static services => services.GetRequiredService<RedisMembershipTable>());
            builder.Services.UseRedisDirectoryInsteadOfMemory();
            builder.Services.Configure<EngineOptions>(static options => options.Listen ??= true);
            return builder;
        }
    }

    /// <summary>Clients that find their cluster through Redis.</summary>
    public static class RedisClusteringIClientBuilderExtensions
    {
        /// <inheritdoc cref="UseRedisClustering(IClientBuilder, Action{RedisClusteringOptions})"/>
        /// <param name="builder">The client.</param>
        /// <param name="redisConnectionString">See <see cref="RedisConfiguration.Parse"/>.</param>
        /// <exception cref="ArgumentException">The string is no connection string.</exception>
        public static IClientBuilder UseRedisClustering(this IClientBuilder builder, string redisConnectionString)
        {
            var configuration = RedisConfiguration.Parse(redisConnectionString);
            return builder.UseRedisClustering(options => options.ConfigurationOptions = configuration);
        }

        /// <summary>Reads from the membership table in Redis where the silos are.</summary>
        public static IClientBuilder UseRedisClustering(this IClientBuilder builder, Action<RedisClusteringOptions> configuration)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Services.AddRedisMembership(configuration);
            builder.Services.AddSingleton<IGatewayList, RedisGatewayList>();
            return builder;
        }
    }
}

namespace Orleans.Hosting
{
    /// <summary>Grain directories in Redis.</summary>
    public static class RedisGrainDirectoryExtensions
    {
        /// <summary>Keeps the grain directory in Redis.</summary>
        public static ISiloBuilder UseRedisGrainDirectoryAsDefault(this ISiloBuilder builder, Action<RedisGrainDirectoryOptions> configureOptions) =>
            builder.UseRedisGrainDirectoryAsDefault(options => options.Configure(configureOptions));

        /// <inheritdoc cref="UseRedisGrainDirectoryAsDefault(ISiloBuilder, Action{RedisGrainDirectoryOptions})"/>
        public static ISiloBuilder UseRedisGrainDirectoryAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<RedisGrainDirectoryOptions>> configureOptions)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.AddRedisGrainDirectory(RedisServices.DefaultDirectory, configureOptions);
            builder.Services.AddSingleton(static services => services.GetRequiredKeyedService<IGrainDirectory>(RedisServices.DefaultDirectory));
            return builder;
        }

        /// <summary>A grain directory of that name in Redis.</summary>
        public static ISiloBuilder AddRedisGrainDirectory(this ISiloBuilder builder, string name, Action<RedisGrainDirectoryOptions> configureOptions) =>
            builder.AddRedisGrainDirectory(name, options => options.Configure(configureOptions));

        /// <inheritdoc cref="AddRedisGrainDirectory(ISiloBuilder, string, Action{RedisGrainDirectoryOptions})"/>
        public static ISiloBuilder AddRedisGrainDirectory(this ISiloBuilder builder, string name, Action<OptionsBuilder<RedisGrainDirectoryOptions>> configureOptions)
        {
            ArgumentNullException.ThrowIfNull(builder);
            ArgumentException.ThrowIfNullOrEmpty(name);
            ArgumentNullException.ThrowIfNull(configureOptions);
            configureOptions(builder.Services.AddOptions<RedisGrainDirectoryOptions>(name));
            builder.Services.AddRedisConnections();
            builder.Services.AddKeyedSingleton<IGrainDirectory>(name, static (services, key) => RedisServices.CreateDirectory(services, services.GetRequiredService<IOptionsMonitor<RedisGrainDirectoryOptions>>().Get((string)key!)));
            return builder;
        }
    }
}
