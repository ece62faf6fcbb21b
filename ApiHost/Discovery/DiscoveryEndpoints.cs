using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Discovery;

/// <summary>The parts of discovery.</summary>
internal static class DiscoveryEndpoints
{
    /// <summary>The authorization policy: a token, and the configured role if there is one.</summary>
    internal const string Policy = "discovery";

    internal static void AddDiscovery(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DiscoveryOptions>().Bind(configuration.GetSection(DiscoveryOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DiscoveryOptions>, DiscoveryOptionsValidation>();
        services.AddSingleton<ServiceMap>();
        services.AddSingleton<ServiceDirectory>();
        services.AddSingleton<DiscoveryWatches>();
        services.AddOptions<AuthorizationOptions>().Configure<IOptions<DiscoveryOptions>>((authorization, discovery) => authorization.AddPolicy(Policy, policy =>
        {
            policy.RequireAuthenticatedUser();
            if (discovery.Value.Role is { } role) policy.RequireRole(role);
        }));
    }
}
