namespace Granary.Rpc.Cluster;

/// <summary>Whether this process's silo takes part in its cluster. An engine that knows registers it in silos; thread-safe, answers at once.</summary>
public interface ISiloReadiness
{
    /// <summary>Why it does not: it joins, leaves, or its place in the cluster is in doubt. Null when it does.</summary>
    string? Problem { get; }
}
