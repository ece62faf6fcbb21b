using Granary.Rpc.Cluster;

namespace Granary.ApiHost.Cluster;

/// <summary>What the endpoints know of the cluster.</summary>
internal static class ClusterServices
{
    /// <summary>Fills in for an engine that does not tell by itself. Call it after the engine has been added.</summary>
    internal static void AddClusterKnowledge(this IServiceCollection services)
    {
        if (!services.Any(s => s.ServiceType == typeof(IClusterFeed)))
        {
            services.AddSingleton<ManagementFeed>();
            services.AddSingleton<IClusterFeed>(s => s.GetRequiredService<ManagementFeed>());
            services.AddHostedService(s => s.GetRequiredService<ManagementFeed>());
        }

        if (!services.Any(s => s.ServiceType == typeof(IClusterInspector))) services.AddSingleton<IClusterInspector, ManagementInspector>();
    }
}
