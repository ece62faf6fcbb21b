using Granary.Calls;
using Granary.Engine.Activations;
using Granary.Engine.Membership;
using Granary.Engine.Placement;
using Granary.Engine.Routing;
using Granary.Engine.Transport;
using Granary.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>The parts of a process that make calls, wired together: a silo (<see cref="SiloCore"/>) or a client.</summary>
internal abstract class ProcessCore
{
    private TaskCompletionSource _viewChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private protected ProcessCore() => Fence = new TurnFence(this);

    static ProcessCore() => ActivationScope.FindRunning = static () => (SynchronizationContext.Current as CallTarget)?.GrainContext;

    internal required IServiceProvider Services { get; init; }

    internal required GrainTypeRegistry Types { get; init; }

    internal required EngineLog Log { get; init; }

    internal required TimeSpan ResponseTimeout { get; init; }

    internal required IReadOnlyList<IOutgoingGrainCallFilter> OutgoingFilters { get; init; }

    /// <summary>Who makes the calls that no grain makes.</summary>
    internal required GrainId ClientId { get; init; }

    /// <summary>The deadlines of this process's calls.</summary>
    internal TimingWheel Deadlines { get; } = new();

    internal EngineMetrics Metrics { get; } = new();

    /// <summary>When the process counts as overloaded, in milliseconds of <see cref="Environment.TickCount64"/>; the probe moves it on as long as threads keep up.</summary>
    internal long OverloadedAfter = long.MaxValue;

    /// <summary>From then on this process runs no turn and changes nothing outside, in milliseconds of <see cref="Environment.TickCount64"/>. Moved by <see cref="Fence"/>.</summary>
    internal long FenceAt = long.MaxValue;

    internal TurnFence Fence { get; }

    internal bool IsOverloaded(long now) => now > Volatile.Read(ref OverloadedAfter);

    /// <summary>The cluster as last heard of.</summary>
    internal MembershipView View
    {
        get;
        set
        {
            field = value;
            // After the view: who took the task before sees the old view and is woken, who takes it later sees the new one.
            Interlocked.Exchange(ref _viewChanged, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    } = MembershipView.Empty;

    /// <summary>Completes when <see cref="View"/> is set the next time.</summary>
    internal Task ViewChanged => Volatile.Read(ref _viewChanged).Task;

    internal GrainRouter Router { get; private set; } = null!;

    internal GrainLocator Locator { get; private set; } = null!;

    internal ObserverTable Observers { get; private set; } = null!;

    internal PlacementPolicies Placement { get; private set; } = null!;

    /// <summary>Set before the process starts; a single process has a network that refuses.</summary>
    internal IPeerNetwork Network { get; set; } = null!;

    /// <summary>Makes references; looked up on first use, because it is made with this.</summary>
    internal IGrainFactory GrainFactory => field ??= Services.GetRequiredService<IGrainFactory>();

    /// <summary>Whether traces are listened to, so that calls take the path that makes spans.</summary>
    internal bool HasCallObservers => EngineTelemetry.Source.HasListeners();

    private protected void Wire(IGrainDirectory? directory, bool isLocal)
    {
        Locator = new GrainLocator(this, directory is null ? null : new MeasuredDirectory(directory), isLocal);
        Placement = new PlacementPolicies(this);
        Observers = new ObserverTable(this);
        Router = new GrainRouter(this);
    }
}

/// <summary>A silo: a process (or, in tests, a part of one) that hosts grains.</summary>
internal sealed class SiloCore : ProcessCore
{
    internal SiloCore(IGrainDirectory directory, bool isLocal)
    {
        Table = new ActivationTable(this);
        _directory = directory;
        _isLocal = isLocal;
    }

    private readonly IGrainDirectory _directory;
    private readonly bool _isLocal;

    /// <summary>Where the silo listens, with its generation. Final once the silo has started to listen (a port may have been any free one).</summary>
    internal required SiloAddress Address { get; set; }

    internal required IReadOnlyList<IIncomingGrainCallFilter> IncomingFilters { get; init; }

    /// <summary>Calls an activation may have waiting before it refuses more.</summary>
    internal required int MaxQueuedCalls { get; init; }

    /// <summary>Counts and times the calls that run here; null when nobody wants that.</summary>
    internal CallRecorder? Calls { get; init; }

    /// <summary>How long an activation may take to leave.</summary>
    internal required TimeSpan DeactivationTimeout { get; init; }

    /// <summary>The silo's coarse clock, in milliseconds from any start: what tells how long a grain has been idle. Moved on by <see cref="Collection.ActivationCollector"/>.</summary>
    internal long Now;

    internal ActivationTable Table { get; }

    internal LongMailboxes LongMailboxes { get; } = new();

    /// <summary>False while the silo stops: new grains are activated elsewhere.</summary>
    internal bool AcceptsActivations { get; set; } = true;

    internal IGrainRuntime GrainRuntime { get; set; } = null!;

    /// <summary>Completes the wiring, after the required members are set.</summary>
    internal SiloCore Wire()
    {
        Wire(_directory, _isLocal);
        return this;
    }

    /// <summary>Whether filters or traces look at the calls that run here.</summary>
    internal bool IsObserved => IncomingFilters.Count > 0 || HasCallObservers;

    /// <summary>An error on a turn that nobody awaits.</summary>
    internal void OnUnobserved(Activation activation, Exception error) => Log.UnobservedError(activation.GrainId, error);
}

/// <summary>A process (or part of one) that calls grains and hosts none.</summary>
internal sealed class ClientCore : ProcessCore
{
    /// <summary>Completes the wiring, after the required members are set.</summary>
    internal ClientCore Wire()
    {
        Wire(null, isLocal: false);
        return this;
    }
}
