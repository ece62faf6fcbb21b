using System.Diagnostics;
using System.Net;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Granary.Hosting;
using Granary.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Puts a silo together from its services and options.</summary>
internal static class SiloCoreFactory
{
    internal static SiloCore Create(IServiceProvider services)
    {
        var messaging = services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;
        var engine = services.GetRequiredService<IOptions<EngineOptions>>().Value;
        var collection = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        var endpoint = services.GetRequiredService<IOptions<EndpointOptions>>().Value;
        var cluster = services.GetRequiredService<InMemoryCluster>();
        var isLocal = !cluster.IsShared && ReferenceEquals(services.GetRequiredService<IMembershipTable>(), cluster.Membership);

        var describer = new GrainClassDescriber(services, collection);
        var own = new EngineCalls();
        var core = new SiloCore(services.GetRequiredService<IGrainDirectory>(), isLocal)
        {
            Services = services,
            Types = new GrainTypeRegistry([.. GrainTypeRegistry.LoadedParts(), own], describer.Describe),
            Log = new EngineLog(services.GetRequiredService<ILoggerFactory>().CreateLogger("Granary.Engine")),
            ResponseTimeout = Debugger.IsAttached ? messaging.ResponseTimeoutWithDebugger : messaging.ResponseTimeout,
            OutgoingFilters = new LazyServices<IOutgoingGrainCallFilter>(services),
            IncomingFilters = new LazyServices<IIncomingGrainCallFilter>(services),
            ClientId = GrainId.Create("sys.client", Guid.NewGuid().ToString("N")),
            Address = SiloAddress.New(endpoint.AdvertisedIPAddress ?? IPAddress.Loopback, endpoint.SiloPort, SiloAddress.AllocateNewGeneration()),
            MaxQueuedCalls = messaging.MaxEnqueuedRequestsHardLimit > 0 ? messaging.MaxEnqueuedRequestsHardLimit : engine.MaxQueuedCallsPerActivation,
            Calls = services.GetService<CallRecorder>(),
            DeactivationTimeout = collection.DeactivationTimeout,
            Network = NoNetwork.Instance,
        };
        own.Process = core;
        return core.Wire();
    }
}
