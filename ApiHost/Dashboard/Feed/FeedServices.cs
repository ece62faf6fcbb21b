using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Microsoft.Extensions.Options;
using Orleans;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The parts of the dashboard's feed.</summary>
internal static class FeedServices
{
    internal static void AddDashboardFeed(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FeedOptions>().Bind(configuration.GetSection(FeedOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<FeedOptions>, FeedOptionsValidation>();
        services.AddSingleton<EventLog>();
        services.AddSingleton<OwnGateway>();
        services.AddSingleton(s => new SiloSource(
            s.GetRequiredService<IGrainFactory>().StatisticsOf, s.GetRequiredService<IGrainFactory>(), s.GetRequiredService<IClusterInspector>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ServiceIndex>();
        services.AddSingleton<ClusterSampler>();
        services.AddSingleton<GatewayExchange>();
        services.AddSingleton<ClusterLog>();
        services.AddHostedService(s => s.GetRequiredService<GatewayExchange>());
        services.AddHostedService<SiloEvents>();
    }
}
