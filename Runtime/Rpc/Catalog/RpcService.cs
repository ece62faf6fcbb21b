namespace Granary.Rpc.Catalog;

/// <summary>One version of an exposed service. Generated from an interface marked <see cref="RpcServiceAttribute"/>; immutable.</summary>
public sealed class RpcService
{
    /// <summary>The name in addresses, for example <c>calculator</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The contract's version, 1 or higher.</summary>
    public required int Version { get; init; }

    /// <summary>The protobuf package, for example <c>granary.samples.v1</c>.</summary>
    public required string Package { get; init; }

    /// <summary>The protobuf service name, for example <c>Calculator</c>.</summary>
    public required string ProtoName { get; init; }

    /// <summary>The grain interface.</summary>
    public required Type InterfaceType { get; init; }

    /// <summary>What identifies one grain of the service.</summary>
    public required RpcKeyKind Key { get; init; }

    /// <summary>The methods, in the order of the interface. Each has this service as its <see cref="RpcMethod.Service"/>.</summary>
    public required IReadOnlyList<RpcMethod> Methods
    {
        get;
        init
        {
            field = value;
            foreach (var method in value) method.Service = this;
        }
    }

    /// <summary>Makes an implementation of <see cref="InterfaceType"/> whose calls go through a channel, for callers outside the cluster.</summary>
    public Func<IRpcChannel, RpcOutboundKey, object>? CreateClient { get; init; }

    /// <summary>The interface's documentation summary, or null.</summary>
    public string? Summary { get; init; }

    /// <summary>The message of <c>[Obsolete]</c>, or null when the service is current.</summary>
    public string? Deprecated { get; init; }

    /// <summary>The day of <see cref="SunsetAttribute"/>, or null.</summary>
    public DateOnly? Sunset { get; init; }

    /// <summary>Who answers for it (<see cref="RpcServiceAttribute.Owner"/>), or null.</summary>
    public string? Owner { get; init; }

    /// <summary>What it promises (<see cref="RpcObjectiveAttribute"/>), or null.</summary>
    public RpcObjective? Objective { get; init; }

    /// <summary>The full protobuf name, <c>granary.samples.v1.Calculator</c>.</summary>
    public string FullName => $"{Package}.{ProtoName}";

    public override string ToString() => $"{Name} v{Version}";
}

/// <summary>A service level objective.</summary>
/// <param name="Latency">In which time 99 % of the calls are answered; null when nothing is promised.</param>
/// <param name="Availability">The share of calls that do not fail for a reason of the service's own; null when nothing is promised.</param>
public sealed record RpcObjective(TimeSpan? Latency, double? Availability);

/// <summary>The kinds of grain keys, and their text form in addresses.</summary>
public enum RpcKeyKind
{
    /// <summary>Any text.</summary>
    String,

    /// <summary>A 64-bit integer, decimal.</summary>
    Integer,

    /// <summary>A GUID, with hyphens.</summary>
    Guid,

    /// <summary>An integer and a text: <c>42+text</c>.</summary>
    IntegerCompound,

    /// <summary>A GUID and a text: <c>guid+text</c>.</summary>
    GuidCompound,
}
