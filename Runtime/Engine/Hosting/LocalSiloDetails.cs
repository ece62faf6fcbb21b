using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Who this silo is. It looks at the silo when asked, so that what a silo is made of may depend on it.</summary>
internal sealed class LocalSiloDetails(IServiceProvider services, IOptions<SiloOptions> options, IOptions<ClusterOptions> cluster, IOptions<EndpointOptions> endpoint) : ILocalSiloDetails
{
    public string Name => options.Value.SiloName ?? $"Silo-{SiloAddress.Endpoint}";

    public string ClusterId => cluster.Value.ClusterId;

    public string DnsHostName => Environment.MachineName;

    public SiloAddress SiloAddress => services.GetRequiredService<SiloCore>().Address;

    public SiloAddress GatewayAddress => SiloAddress.New(
        SiloAddress.Endpoint.Address,
        endpoint.Value.GatewayPort == 0 ? SiloAddress.Endpoint.Port : endpoint.Value.GatewayPort,
        SiloAddress.Generation);
}
