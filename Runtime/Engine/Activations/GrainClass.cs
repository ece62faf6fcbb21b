using System.Runtime.CompilerServices;
using Granary.Calls;
using Granary.Engine.Routing;
using Granary.Statistics;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>What is known of a grain class: its type name, rules and how to make one. Built once from the class's attributes; immutable but for numbers of others that it keeps.</summary>
internal sealed class GrainClass
{
    /// <summary>In place of a method's number: its calls are not counted.</summary>
    internal const int NotRecorded = -1;

    // By slot of the method; 0 is not looked up yet.
    private int[] _numbers = [];
    private int _active;

    /// <summary>Activations of the class on this silo.</summary>
    internal int Active => Volatile.Read(ref _active);

    internal void CountActive(int change) => Interlocked.Add(ref _active, change);

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

    /// <summary>The number under which the silo counts calls of a method to grains of this class, or <see cref="NotRecorded"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int NumberOf(CallMethod method, CallRecorder calls)
    {
        var numbers = _numbers;
        return (uint)method.Slot < (uint)numbers.Length && numbers[method.Slot] is not 0 and var number ? number : FindNumber(method, calls);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindNumber(CallMethod method, CallRecorder calls)
    {
        var isSystem = SystemGrains.IsSystem(GrainType) || (method.Flags & CallFlags.Engine) != 0;
        var number = isSystem ? 0 : calls.NumberOf(GrainType.ToString()!, method.Interface.Type.FullName!, method.Name);
        if (number == 0) number = NotRecorded;

        // Two threads may each lose the other's entry; it is looked up again then.
        var numbers = _numbers;
        var next = new int[Math.Max(numbers.Length, method.Slot + 1)];
        numbers.AsSpan().CopyTo(next);
        next[method.Slot] = number;
        Volatile.Write(ref _numbers, next);
        return number;
    }

    public override string ToString() => GrainType.ToString()!;
}
