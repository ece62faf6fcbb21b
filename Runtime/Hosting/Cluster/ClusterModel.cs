using System.Net;
using StackExchange.Redis;

namespace Granary.Hosting.Cluster;

/// <summary>What this process is in its cluster: the settings, checked and resolved. Immutable.</summary>
internal sealed record ClusterModel
{
    internal required string ClusterId { get; init; }

    internal required string ServiceId { get; init; }

    internal string? SiloName { get; init; }

    /// <summary>Under which address others reach this silo.</summary>
    internal IPAddress Advertised { get; init; } = IPAddress.Loopback;

    /// <summary>Where to listen, if not on <see cref="Advertised"/>.</summary>
    internal IPAddress? Listen { get; init; }

    internal int SiloPort { get; init; }

    internal int GatewayPort { get; init; }

    /// <summary>Where a client without Redis connects first.</summary>
    internal IReadOnlyList<IPEndPoint> Gateways { get; init; } = [];

    /// <summary>Null in a cluster of one process.</summary>
    internal ConfigurationOptions? Redis { get; init; }

    /// <summary>By name; always has <c>Default</c>.</summary>
    internal IReadOnlyDictionary<string, StorageModel> Storages { get; init; } = new Dictionary<string, StorageModel>(StringComparer.Ordinal);

    /// <summary>The Redis of the reminders; null for memory.</summary>
    internal ConfigurationOptions? Reminders { get; init; }

    internal TimeSpan StopDelay { get; init; }
}

/// <summary>One storage.</summary>
/// <param name="Redis">Null for memory.</param>
/// <param name="DeleteStateOnClear">Whether clearing deletes the key.</param>
internal sealed record StorageModel(ConfigurationOptions? Redis, bool DeleteStateOnClear);

/// <summary>What kind of process is configured.</summary>
internal enum ProcessKind
{
    /// <summary>A silo that other processes reach.</summary>
    Silo,

    /// <summary>A host with a silo in it, which others reach only if it joins a cluster.</summary>
    EmbeddedSilo,

    /// <summary>A client.</summary>
    Client,
}
