using Orleans.Runtime;

namespace Granary.Rpc.Cluster;

/// <summary>What the silo of this process knows of itself and its grains without asking anyone. An engine that can tell registers it in silos; thread-safe.</summary>
public interface ISiloInspector
{
    /// <summary>The silo.</summary>
    SiloAddress Address { get; }

    /// <summary>How loaded it is now.</summary>
    MemberLoad Load();

    /// <summary>The grain classes with activations here, but for the engine's own. Takes time by the number of classes.</summary>
    IReadOnlyList<ActiveClass> Classes();

    /// <summary>The grains with most calls waiting, the longest first; those with one are left out. Takes a time that does not depend on the number of activations.</summary>
    IReadOnlyList<GrainMailbox> LongestMailboxes(int most);

    /// <summary>What a grain does that is in memory here; null when it is not. Its states are looked at on a turn of its own, and not told when none comes soon.</summary>
    Task<GrainActivity?> FindAsync(GrainId grain);
}

/// <summary>A grain class with activations.</summary>
/// <param name="GrainType">The type in ids of its grains.</param>
/// <param name="ClassName">The full name of the C# class.</param>
/// <param name="Activations">How many are in memory.</param>
public sealed record ActiveClass(string GrainType, string ClassName, int Activations);

/// <summary>A grain whose calls wait.</summary>
/// <param name="Grain">The grain.</param>
/// <param name="Waiting">Calls that wait for their turn.</param>
/// <param name="Running">Calls that run.</param>
public sealed record GrainMailbox(GrainId Grain, int Waiting, int Running);
