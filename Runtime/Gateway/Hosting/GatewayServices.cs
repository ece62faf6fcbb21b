using Granary.Gateway.Authentication;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Granary.Gateway;

/// <summary>Adds the gateway to a host.</summary>
public static class GatewayServices
{
    /// <summary>Adds the gateway, set up by a configuration section (by convention <c>Granary</c>).</summary>
    public static IServiceCollection AddGranaryGateway(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<GatewayOptions>().Bind(section);
        return services.AddGateway(section.Path);
    }

    /// <summary>Adds the gateway, set up by code.</summary>
    public static IServiceCollection AddGranaryGateway(this IServiceCollection services, Action<GatewayOptions> configure)
    {
        services.AddOptions<GatewayOptions>().Configure(configure);
        return services.AddGateway("Granary");
    }

    private static IServiceCollection AddGateway(this IServiceCollection services, string path)
    {
        services.AddOptions<GatewayOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>>(new GatewayOptionsValidation(path));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => RpcCatalog.FromLoadedAssemblies());
        services.TryAddSingleton(s => new TokenIssuer(s.GetRequiredService<IOptions<GatewayOptions>>().Value.Authentication, s.GetRequiredService<TimeProvider>()));
        return services;
    }
}
