using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>A call as filters see it. Used by one filter at a time.</summary>
public interface IGrainCallContext
{
    IInvokable Request { get; }

    /// <summary>The grain that is called: its instance on an incoming call, a reference on an outgoing one.</summary>
    object Grain { get; }

    /// <summary>The grain or client that calls; null when unknown.</summary>
    GrainId? SourceId { get; }

    GrainId TargetId { get; }

    GrainInterfaceType InterfaceType { get; }

    string InterfaceName { get; }

    string MethodName { get; }

    MethodInfo InterfaceMethod { get; }

    /// <summary>The result, once <see cref="Invoke"/> is done. A filter may replace it by another of the same type.</summary>
    object? Result { get; set; }

    /// <summary>What the call ended with, once <see cref="Invoke"/> is done.</summary>
    Response? Response { get; set; }

    /// <summary>Goes on to the next filter or the method itself.</summary>
    Task Invoke();
}

/// <summary>A call that arrived at a grain.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    IGrainContext TargetContext { get; }

    /// <summary>The method of the grain class.</summary>
    MethodInfo ImplementationMethod { get; }
}

/// <summary>A call about to leave.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext
{
    /// <summary>The grain that calls; null outside grains.</summary>
    IGrainContext? SourceContext { get; }
}

/// <summary>Runs around every call which arrives at a grain. A grain class may implement it for its own calls.</summary>
public interface IIncomingGrainCallFilter
{
    Task Invoke(IIncomingGrainCallContext context);
}

/// <summary>Runs around every call made through a grain reference.</summary>
public interface IOutgoingGrainCallFilter
{
    Task Invoke(IOutgoingGrainCallContext context);
}

/// <inheritdoc cref="IGrainCallContext.Invoke"/>
public delegate Task GrainCallFilterDelegate(IGrainCallContext context);

/// <inheritdoc cref="IIncomingGrainCallFilter"/>
public delegate Task IncomingGrainCallFilterDelegate(IIncomingGrainCallContext context);

/// <inheritdoc cref="IOutgoingGrainCallFilter"/>
public delegate Task OutgoingGrainCallFilterDelegate(IOutgoingGrainCallContext context);
