using Orleans.Runtime;

namespace Granary.Calls;

/// <summary>What the engine gives a proxy at birth; opaque to generated code.</summary>
public readonly struct ProxyInit
{
    internal ProxyInit(GrainId grainId, CallInterface callInterface, CallRouter router)
    {
        GrainId = grainId;
        Interface = callInterface;
        Router = router;
    }

    internal GrainId GrainId { get; }

    internal CallInterface Interface { get; }

    internal CallRouter Router { get; }
}

/// <summary>
/// The base of generated grain references. It remembers the local activation it last reached, so that a call to a grain of this process finds it without a look-up.
/// Thread-safe.
/// </summary>
public abstract class GrainProxy : GrainReference
{
    protected GrainProxy(ProxyInit init)
        : base(init.GrainId, init.Interface.GrainInterfaceType)
    {
        Router = init.Router;
        Interface = init.Interface;
    }

    /// <summary>Takes calls to wherever the grain is.</summary>
    internal CallRouter Router { get; }

    /// <summary>The interface this speaks.</summary>
    internal CallInterface Interface { get; }

    /// <summary>The local activation last reached, or null. A stale one refuses the call and is forgotten.</summary>
    internal CallTarget? LocalTarget;

    internal override object Cast(Type interfaceType) => Router.CreateProxy(GrainId, interfaceType);
}

/// <summary>Takes calls to wherever their grain is. The engine's; a process has one for each silo or client in it.</summary>
public abstract class CallRouter
{
    /// <summary>
    /// Sends a call whose arguments are set. On return it may be completed already. Never throws for a reason of the call: those complete it with an error.
    /// </summary>
    internal abstract void Send(Call call, GrainProxy target);

    /// <summary>Sends a call that the outgoing filters have passed, or one that is sent on.</summary>
    internal abstract void SendFiltered(Call call, GrainProxy? target);

    /// <summary>The caller gave up (deadline or cancellation): tells whoever runs the call.</summary>
    internal abstract void CancelAtTarget(Call call);

    /// <summary>A reference to the same grain that speaks another interface.</summary>
    internal abstract GrainProxy CreateProxy(GrainId grainId, Type interfaceType);

    /// <summary>A reference read off the wire.</summary>
    internal abstract IAddressable? CreateProxy(GrainId grainId, string interfaceName, Type asType);

    /// <summary>The pending calls' deadlines.</summary>
    internal abstract TimingWheel Deadlines { get; }
}

/// <summary>
/// An activation (or a client's observer) as a call sees it. It is the <see cref="SynchronizationContext"/> of the turns it runs: posting to it queues a continuation in its mailbox.
/// </summary>
public abstract class CallTarget : SynchronizationContext
{
    /// <summary>On this target's turn: the method of a call that had to wait has finished.</summary>
    internal abstract void OnInvoked(Call call);

    /// <summary>The grain whose turn this is: the source of the calls it makes.</summary>
    internal abstract GrainId CallerId { get; }

    /// <summary>The request this is the context of, or null between requests; its deadline bounds the calls it makes.</summary>
    internal abstract Call? Request { get; }

    /// <summary>The grain's context; null for an observer.</summary>
    internal abstract IGrainContext? GrainContext { get; }

    /// <summary>Makes this the context of a request, or of none. On the turn.</summary>
    internal abstract void SetCurrent(Call? call);
}
