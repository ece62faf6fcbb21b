using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Gateway.Idempotency;
using Granary.Gateway.Redis.Limits;
using Granary.Gateway.Sharing;
using Granary.Hosting;
using Granary.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StackExchange.Redis;

namespace Granary.Gateway.Redis;

/// <summary>Lets the gateways of a service share what they know.</summary>
public static class GatewayRedisServices
{
    /// <summary>Keeps on this Redis what all gateways of a service share.</summary>
    /// <param name="services">The host's services, with the gateway's.</param>
    /// <param name="redis">The server; see <see cref="RedisConfiguration.Parse"/>.</param>
    /// <param name="serviceId">The service, as in <c>ClusterOptions.ServiceId</c>.</param>
    public static IServiceCollection AddGatewayRedis(this IServiceCollection services, ConfigurationOptions redis, string serviceId)
    {
        ArgumentNullException.ThrowIfNull(redis);
        ArgumentException.ThrowIfNullOrEmpty(serviceId);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RedisConnections>();
        services.TryAddSingleton(provider => new GatewayStore(
            provider.GetRequiredService<RedisConnections>().Get(RedisUse.Gateway, redis, null, () => RedisConfiguration.ConnectAsync(redis), "Granary:Redis:ConnectionString"),
            $"granary:{KeyPart.Escape(serviceId)}:"));
        services.AddSingleton<RedisTables>();
        services.AddHostedService(provider => provider.GetRequiredService<RedisTables>());
        services.Replace(ServiceDescriptor.Singleton<ISharedTables>(provider => provider.GetRequiredService<RedisTables>()));
        services.Replace(ServiceDescriptor.Singleton<IAuditStore, RedisAuditStore>());
        services.TryAddSingleton<ISharedTokens, RedisTokens>();
        services.Replace(ServiceDescriptor.Singleton<IIdempotencyStore, RedisIdempotencyStore>());
        services.AddHealthChecks().AddCheck<RedisHealth>(RedisHealth.Name, timeout: TimeSpan.FromSeconds(2));
        return services;
    }
}
