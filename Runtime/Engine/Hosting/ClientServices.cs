using System.Diagnostics;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>The services of a client.</summary>
internal static class ClientServices
{
    /// <summary>Adds them, once, and gives the builder that configures them further.</summary>
    internal static IClientBuilder Add(IServiceCollection services, IConfiguration configuration)
    {
        var builder = new ClientBuilder(services, configuration);
        if (services.Any(s => s.ServiceType == typeof(ClientCore))) return builder;
        RefuseBoth(services, typeof(SiloCore));

        services.AddOptions();
        services.AddLogging();
        ProcessServices.AddOptions(services, configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(CreateCore);
        services.AddSingleton<ProcessCore>(provider => provider.GetRequiredService<ClientCore>());
        ProcessServices.Add(services);
        services.TryAddSingleton<IGatewayList, StaticGatewayList>();
        services.AddSingleton<ClientHost>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ClientHost>());
        return builder;
    }

    /// <exception cref="InvalidOperationException">The other one has been added.</exception>
    internal static void RefuseBoth(IServiceCollection services, Type other)
    {
        if (services.Any(s => s.ServiceType == other))
            throw new InvalidOperationException("A host is either a silo or a client. A silo has an IClusterClient and an IGrainFactory too: leave UseOrleansClient out.");
    }

    private static ClientCore CreateCore(IServiceProvider services)
    {
        var messaging = services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value;
        var own = new EngineCalls();
        var describer = new GrainClassDescriber(services, new GrainCollectionOptions());
        var core = new ClientCore
        {
            Services = services,
            Types = new GrainTypeRegistry([.. GrainTypeRegistry.LoadedParts(), own], describer.Describe),
            Log = new EngineLog(services.GetRequiredService<ILoggerFactory>().CreateLogger("Granary.Engine")),
            ResponseTimeout = Debugger.IsAttached ? messaging.ResponseTimeoutWithDebugger : messaging.ResponseTimeout,
            OutgoingFilters = new LazyServices<IOutgoingGrainCallFilter>(services),
            ClientId = GrainId.Create(ObserverTable.ClientType, Guid.NewGuid().ToString("N")),
            Network = NoNetwork.Instance,
        };
        own.Process = core;
        return core.Wire();
    }
}
