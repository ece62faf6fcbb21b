using System.Net;
using Orleans.Hosting;

namespace Granary.ApiHost.Hosting;

/// <summary>Connects this host to its grains.</summary>
internal static class GrainHosting
{
    private const string LocalSilo = "127.0.0.1:30000";

    /// <summary>A silo in this process, or a client of a cluster, as <see cref="ApiHostOptions.Mode"/> says.</summary>
    internal static void AddGrains(this WebApplicationBuilder builder, ApiHostOptions options)
    {
        var cluster = options.Cluster;
        if (options.Mode == HostMode.Client)
        {
            IList<string> gateways = cluster.Gateways.Count > 0 ? cluster.Gateways : [LocalSilo];
            builder.Host.UseOrleansClient(client => client
                .UseStaticClustering([.. gateways.Select(IPEndPoint.Parse)])
                .Configure<Orleans.Configuration.ClusterOptions>(o =>
                {
                    o.ClusterId = cluster.ClusterId;
                    o.ServiceId = cluster.ServiceId;
                }));
            return;
        }

        builder.Host.UseOrleans(silo => silo
            .UseLocalhostClustering(cluster.SiloPort, cluster.GatewayPort, null, cluster.ServiceId, cluster.ClusterId)
            .AddMemoryGrainStorageAsDefault()
            .UseInMemoryReminderService());
    }
}
