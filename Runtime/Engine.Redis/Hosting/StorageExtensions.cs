using Granary.Engine.Redis;
using Granary.Engine.Redis.Storage;
using Granary.Hosting;
using Granary.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Providers;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>Keeps grain states in Redis.</summary>
public static class RedisSiloBuilderExtensions
{
    /// <summary>The storage for states that name none, in the Redis of <c>UseRedisClustering</c>.</summary>
    public static ISiloBuilder AddRedisGrainStorageAsDefault(this ISiloBuilder builder) => builder.AddRedisGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME);

    /// <summary>The storage for states that name none.</summary>
    public static ISiloBuilder AddRedisGrainStorageAsDefault(this ISiloBuilder builder, Action<RedisStorageOptions> configureOptions) =>
        builder.AddRedisGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <inheritdoc cref="AddRedisGrainStorageAsDefault(ISiloBuilder, Action{RedisStorageOptions})"/>
    public static ISiloBuilder AddRedisGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<RedisStorageOptions>>? configureOptionsBuilder) =>
        builder.AddRedisGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptionsBuilder);

    /// <summary>A storage of that name, in the Redis of <c>UseRedisClustering</c>.</summary>
    public static ISiloBuilder AddRedisGrainStorage(this ISiloBuilder builder, string name) => builder.AddRedisGrainStorage(name, (Action<OptionsBuilder<RedisStorageOptions>>?)null);

    /// <summary>A storage of that name.</summary>
    public static ISiloBuilder AddRedisGrainStorage(this ISiloBuilder builder, string name, Action<RedisStorageOptions> configureOptions) =>
        builder.AddRedisGrainStorage(name, options => options.Configure(configureOptions));

    /// <inheritdoc cref="AddRedisGrainStorage(ISiloBuilder, string, Action{RedisStorageOptions})"/>
    public static ISiloBuilder AddRedisGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<RedisStorageOptions>>? configureOptionsBuilder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var options = builder.Services.AddOptions<RedisStorageOptions>(name);
        configureOptionsBuilder?.Invoke(options);
        builder.AddRedisEngineOptions();
        builder.Services.AddRedisConnections();
        builder.Services.AddGrainStorage(name, Create);
        return builder;
    }

    private static void AddRedisEngineOptions(this ISiloBuilder builder)
    {
        // Once: what code has configured since then comes after the settings.
        if (builder.Services.Any(static s => s.ImplementationType == typeof(RedisEngineOptionsValidation))) return;
        builder.Services.AddOptions<RedisEngineOptions>().Bind(builder.Configuration.GetSection(RedisEngineOptions.Section)).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<RedisEngineOptions>, RedisEngineOptionsValidation>();
    }

    private static RedisGrainStorage Create(IServiceProvider services, string name)
    {
        var options = services.GetRequiredService<IOptionsMonitor<RedisStorageOptions>>().Get(name);
        Delegate? own = options.CreateMultiplexer == RedisStorageOptions.DefaultCreateMultiplexer ? null : options.CreateMultiplexer;
        var connection = own is null && options.ConfigurationOptions is null
            ? RedisServices.ClusterConnection(services, $"The grain storage '{name}'")
            : services.GetRequiredService<RedisConnections>().Get(
                RedisUse.Data, options.ConfigurationOptions, own, () => options.CreateMultiplexer(options), $"RedisStorageOptions.ConfigurationOptions of the grain storage '{name}'");
        return new RedisGrainStorage(
            name,
            connection,
            services.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId,
            options,
            services.GetRequiredService<IOptions<RedisEngineOptions>>().Value.MaxStateBytes,
            services.GetRequiredService<TimeProvider>());
    }
}
