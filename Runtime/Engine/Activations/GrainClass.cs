using Granary.Calls;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>What is known of a grain class: its type name, rules and how to make one. Built once from the class's attributes; immutable.</summary>
internal sealed class GrainClass
{
    /// <summary>The C# class.</summary>
    internal required Type Type { get; init; }

    /// <summary>Its name in grain ids, for example <c>calculator</c>.</summary>
    internal required GrainType GrainType { get; init; }

    /// <summary>The grain interfaces it implements.</summary>
    internal required IReadOnlyList<CallInterface> Interfaces { get; init; }

    /// <summary>Marked <c>[Reentrant]</c>.</summary>
    internal bool IsReentrant { get; init; }

    /// <summary>The predicate that <c>[MayInterleave]</c> names, or null: grain object and call give whether the call may interleave.</summary>
    internal Func<object, Call, bool>? MayInterleave { get; init; }

    /// <summary>Implements <see cref="Orleans.IIncomingGrainCallFilter"/> itself.</summary>
    internal bool HasFilters { get; init; }

    /// <summary>Marked <c>[StatelessWorker]</c>.</summary>
    internal bool IsStatelessWorker => MaxWorkers > 0;

    /// <summary>Whether its activations are in the directory, so that there is one in the cluster; not those of stateless workers and of the engine's own grains.</summary>
    internal bool UsesDirectory { get; init; } = true;

    /// <summary>The most local activations of a stateless worker; 0 for other grains.</summary>
    internal int MaxWorkers { get; init; }

    /// <summary>How long it may idle before it is collected, milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    internal long CollectionAgeMs { get; init; } = long.MaxValue;

    /// <summary>The class's placement strategy, or null for the silo's default.</summary>
    internal PlacementStrategy? Placement { get; init; }

    /// <summary>Makes the grain object, on the activation's first turn.</summary>
    internal required Func<Activation, object> Create { get; init; }

    public override string ToString() => GrainType.ToString()!;
}
