using Granary.Engine.Redis;
using Granary.Engine.Redis.Reminders;
using Granary.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Hosting;

/// <summary>Keeps reminders in Redis.</summary>
public static class RedisReminderServiceExtensions
{
    /// <summary>Runs reminders, which are kept in Redis.</summary>
    public static ISiloBuilder UseRedisReminderService(this ISiloBuilder builder, Action<RedisReminderTableOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.UseRedisReminderService(configure);
        return builder;
    }

    /// <inheritdoc cref="UseRedisReminderService(ISiloBuilder, Action{RedisReminderTableOptions})"/>
    public static IServiceCollection UseRedisReminderService(this IServiceCollection services, Action<RedisReminderTableOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddReminders();
        services.AddRedisConnections();
        services.Configure(configure);
        services.AddSingleton<IReminderTable>(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<RedisReminderTableOptions>>().Value;
            Delegate? own = options.CreateMultiplexer == RedisReminderTableOptions.DefaultCreateMultiplexer ? null : options.CreateMultiplexer;
            var connection = own is null && options.ConfigurationOptions is null
                ? RedisServices.ClusterConnection(provider, "The reminder service")
                : provider.GetRequiredService<RedisConnections>().Get(
                    RedisUse.Data, options.ConfigurationOptions, own, () => options.CreateMultiplexer(options), "RedisReminderTableOptions.ConfigurationOptions (UseRedisReminderService)");
            return new RedisReminderTable(connection, provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId, provider.GetRequiredService<ILogger<RedisReminderTable>>());
        });
        return services;
    }
}
