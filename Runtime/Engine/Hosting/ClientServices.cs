using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Granary.Engine.Hosting;

/// <summary>The services of a client.</summary>
internal static class ClientServices
{
    internal static IClientBuilder Add(IServiceCollection services, IConfiguration configuration)
    {
        RefuseBoth(services, typeof(SiloCore));
        return new ClientBuilder(services, configuration);
    }

    /// <exception cref="InvalidOperationException">The other one has been added.</exception>
    internal static void RefuseBoth(IServiceCollection services, Type other)
    {
        if (services.Any(s => s.ServiceType == other))
            throw new InvalidOperationException("A host is either a silo or a client. A silo has an IClusterClient and an IGrainFactory too: leave UseOrleansClient out.");
    }
}
