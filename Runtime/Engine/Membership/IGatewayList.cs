using System.Net;
using Granary.Engine.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Granary.Engine.Membership;

/// <summary>Where a client finds its cluster when it knows no silo: at start, and when all that it knew are gone. Later views come from the silos themselves. Thread-safe.</summary>
public interface IGatewayList
{
    /// <summary>The endpoints of silos that may take the client in, in no particular order; none when none is known now.</summary>
    /// <exception cref="MembershipUnavailableException">The list cannot be read now; it is worth trying again.</exception>
    /// <exception cref="Orleans.Runtime.OrleansConfigurationException">It never can: the configuration is wrong.</exception>
    Task<IReadOnlyList<IPEndPoint>> ReadAsync(CancellationToken cancellation);
}

/// <summary>The endpoints that were written into the configuration: <c>UseStaticClustering</c>, <c>UseLocalhostClustering</c>.</summary>
internal sealed class StaticGatewayList(IOptions<StaticGatewayListProviderOptions> options) : IGatewayList
{
    public Task<IReadOnlyList<IPEndPoint>> ReadAsync(CancellationToken cancellation)
    {
        if (options.Value.Gateways.Count == 0)
        {
            throw new Orleans.Runtime.OrleansConfigurationException(
                "The client has no silo to connect to. Say where one is: client.UseLocalhostClustering() for one on this machine, client.UseStaticClustering(new IPEndPoint(...)), or client.UseRedisClustering(...) for a cluster over Redis.");
        }

        return Task.FromResult<IReadOnlyList<IPEndPoint>>(options.Value.Gateways.ConvertAll(GatewayAddress.Endpoint));
    }
}
