using System.Net;
using System.Net.Sockets;
using Granary.Engine;
using Granary.Engine.Directory;
using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Granary.Engine.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Granary.Fuzzing;

/// <summary>A silo or a client without a host around it. It reaches no address but those it is given: an address in a mutated frame could be anyone's.</summary>
internal sealed class FuzzProcess : IAsyncDisposable
{
    internal const string ClusterId = "fuzz";

    private readonly ServiceProvider _services;

    private FuzzProcess(ServiceProvider services, ProcessCore core, ILoggerFactory log, string? secret, Func<IPEndPoint, bool> mayReach, Action<SiloAddress, byte[]>? onView)
    {
        _services = services;
        Core = core;
        Network = new PeerNetwork(
            core,
            new PeerNetworkOptions
            {
                ClusterId = ClusterId,
                SharedSecret = secret,
                Lanes = 1,
                MaxFrameBytes = 1 << 20,
                MaxQueuedBytes = 4 << 20,
                View = core is SiloCore ? () => MembershipViewCodec.Encode(core.View) : null,
                OnView = onView,
                Connect = async (endPoint, cancellation) =>
                {
                    if (!mayReach(endPoint)) throw new SocketException((int)SocketError.ConnectionRefused);
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(endPoint, cancellation);
                    return socket;
                },
            },
            log,
            TimeProvider.System);
        core.Network = Network;
        services.GetRequiredService<CoreOf>().Core = core;
    }

    internal ProcessCore Core { get; }

    internal PeerNetwork Network { get; }

    internal SiloAddress Address => ((SiloCore)Core).Address;

    internal static FuzzProcess Silo(InMemoryGrainDirectory directory, SiloAddress address, ILoggerFactory log, string? secret = null, Func<IPEndPoint, bool>? mayReach = null)
    {
        var services = Services();
        var silo = new SiloCore(directory, isLocal: false)
        {
            Services = services,
            Types = Types(services),
            Log = new EngineLog(log.CreateLogger("Granary.Engine")),
            ResponseTimeout = TimeSpan.FromSeconds(30),
            OutgoingFilters = [],
            IncomingFilters = [],
            ClientId = GrainId.Create("sys.client", $"silo{address.Generation}"),
            Address = address,
            MaxQueuedCalls = 10_000,
            DeactivationTimeout = TimeSpan.FromSeconds(5),
            GrainRuntime = null!,
        }.Wire();
        return new FuzzProcess(services, silo, log, secret, mayReach ?? (static _ => false), null);
    }

    internal static FuzzProcess Client(string id, ILoggerFactory log, Func<IPEndPoint, bool>? mayReach = null, string? secret = null)
    {
        var services = Services();
        var client = new ClientCore
        {
            Services = services,
            Types = Types(services),
            Log = new EngineLog(log.CreateLogger("Granary.Engine")),
            ResponseTimeout = TimeSpan.FromSeconds(30),
            OutgoingFilters = [],
            ClientId = GrainId.Create("sys.client", id),
        }.Wire();
        return new FuzzProcess(services, client, log, secret, mayReach ?? (static _ => false), static (_, bytes) => MembershipViewCodec.Decode(bytes));
    }

    /// <summary>What every process is told of the silos.</summary>
    internal static MembershipView View(params FuzzProcess[] silos) =>
        new(silos.Length, [.. silos.Select(s => new SiloEntry(s.Address, "silo", SiloStatus.Active, ["front"], [.. s.Core.Types.Manifest()], new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)))]);

    internal IFuzzGrain Grain(string key)
    {
        var callInterface = Core.Types.Interface(typeof(IFuzzGrain));
        return (IFuzzGrain)(object)Core.Router.CreateProxy(GrainId.Create(Core.Types.GrainTypeOf(callInterface), key), typeof(IFuzzGrain));
    }

    /// <summary>Why it does not rest, or null.</summary>
    internal string? Unrest()
    {
        var connections = Network.Statistics().Connections;
        if (connections.Sum(c => c.InFlight) is > 0 and var inFlight) return $"{inFlight} calls in flight";
        if (connections.Sum(c => c.InProgress) is > 0 and var inProgress) return $"{inProgress} calls in progress";
        return Core.Deadlines.Count > 0 ? $"{Core.Deadlines.Count} deadlines pending" : null;
    }

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        Core.Deadlines.Dispose();
        await _services.DisposeAsync();
    }

    private static ServiceProvider Services()
    {
        var services = new ServiceCollection();
        services.AddOptions();
        services.AddSingleton(new SingletonServices(services));
        services.AddSingleton<CoreOf>();
        services.AddSingleton(static provider => provider.GetRequiredService<CoreOf>().Core!);
        services.AddSingleton<IGrainFactory>(static provider => new GrainFactory(provider));
        return services.BuildServiceProvider();
    }

    private static GrainTypeRegistry Types(IServiceProvider services) =>
        new([.. GrainTypeRegistry.LoadedParts(), new EngineCalls()], new GrainClassDescriber(services, new GrainCollectionOptions()).Describe);

    /// <summary>What the services belong to, which is made after them.</summary>
    private sealed class CoreOf
    {
        internal ProcessCore? Core { get; set; }
    }
}
