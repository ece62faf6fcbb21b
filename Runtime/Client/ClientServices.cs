using Granary.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the client to a host.</summary>
public static class ClientServices
{
    /// <summary>Adds a <see cref="GranaryClient"/>, set up by code.</summary>
    public static IServiceCollection AddGranaryClient(this IServiceCollection services, Action<GranaryClientOptions> configure)
    {
        services.AddOptions<GranaryClientOptions>().Configure(configure);
        return services.AddClient();
    }

    /// <summary>Adds a <see cref="GranaryClient"/>, set up by a configuration section (what is code, such as the token's provider, by <c>services.Configure</c>).</summary>
    public static IServiceCollection AddGranaryClient(this IServiceCollection services, IConfigurationSection section)
    {
        services.AddOptions<GranaryClientOptions>().Bind(section);
        return services.AddClient();
    }

    private static IServiceCollection AddClient(this IServiceCollection services)
    {
        services.AddOptions<GranaryClientOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GranaryClientOptions>, GranaryClientOptionsValidation>());
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(s => new GranaryClient(s.GetRequiredService<IOptions<GranaryClientOptions>>().Value, s.GetRequiredService<ILoggerFactory>(), s.GetRequiredService<TimeProvider>()));
        return services;
    }
}
