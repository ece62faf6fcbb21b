using Granary.Calls;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary>A grain that is to be activated.</summary>
/// <param name="GrainId">The grain.</param>
/// <param name="Interface">The interface it was called through: the silo must serve a compatible version of it.</param>
/// <param name="Version">The caller's version of it.</param>
/// <param name="CallerSilo">The silo of whoever calls; null for a client.</param>
internal readonly record struct PlacementRequest(GrainId GrainId, string Interface, ushort Version, SiloAddress? CallerSilo)
{
    /// <summary>For a caller with this process's version.</summary>
    internal PlacementRequest(GrainId grainId, CallInterface callInterface, SiloAddress? callerSilo)
        : this(grainId, callInterface.Name, callInterface.Version, callerSilo)
    {
    }
}

/// <summary>Chooses among the silos that can host a grain. Thread-safe; decides at once, by what is known here.</summary>
internal interface IPlacementPolicy
{
    /// <param name="request">The grain.</param>
    /// <param name="candidates">At least one; each is active, hosts the class and serves the interface's version.</param>
    /// <returns>One of the candidates; null when none will do.</returns>
    SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates);
}
