namespace Granary.Hosting.Settings;

/// <summary>What Silo and ApiHost are told alike: the section <c>Granary</c>. As a person wrote it; <see cref="Cluster.ClusterModel"/> is what becomes of it.</summary>
internal sealed class HostSettings
{
    internal const string Section = "Granary";

    /// <summary>The directory with a file for each secret, named by its setting (<c>Granary__Authentication__Key</c>), as Kubernetes and Docker mount them; read again when they change.</summary>
    public string? SecretsDirectory { get; set; }

    /// <summary>Which cluster, and where this process is found in it.</summary>
    public ClusterSettings Cluster { get; set; } = new();

    /// <summary>The Redis by which the processes of a cluster find each other. Unset, the silo is a cluster of its own.</summary>
    public RedisSettings Redis { get; set; } = new();

    /// <summary>Where grains keep their state, by the name of the storage; <c>Default</c> is the one for grains that name none.</summary>
    public IDictionary<string, StorageSettings> Storages { get; set; } = new Dictionary<string, StorageSettings>(StringComparer.Ordinal);

    /// <summary>Where reminders are kept. Unset, in Redis if there is one, else in memory.</summary>
    public StoreKind? Reminders { get; set; }

    /// <summary>How long a process that was told to stop still takes calls, no longer ready, before it really stops: the time a load balancer needs to notice. 0 to 5 min.</summary>
    public TimeSpan StopDelay { get; set; }
}

/// <summary>Which cluster, and where this process is found in it.</summary>
internal sealed class ClusterSettings
{
    /// <summary>The cluster's name; silos and clients of another one are refused.</summary>
    public string ClusterId { get; set; } = "granary";

    /// <summary>The service's name, under which its state is stored.</summary>
    public string ServiceId { get; set; } = "granary";

    /// <summary>This silo's name, for people. Unset, its address.</summary>
    public string? SiloName { get; set; }

    /// <summary>The address under which other processes reach this silo: an IP address, a host name, or <c>auto</c> for the first one of this machine that is no loopback.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>The address to listen on: an IP address of this machine, or <c>any</c>. Unset, the advertised one.</summary>
    public string? ListenAddress { get; set; }

    /// <summary>The port for silos; 0 is any free one. Unset, 11111; with Redis any free one.</summary>
    public int? SiloPort { get; set; }

    /// <summary>The port for clients; 0 is none of its own. Unset, 30000; with Redis none, since clients find the silo port there.</summary>
    public int? GatewayPort { get; set; }

    /// <summary>Clients without Redis: the addresses of silos, <c>ip:port</c>. Any one that answers will do. Unset, 127.0.0.1:30000.</summary>
    public IList<string> Gateways { get; set; } = [];

    /// <summary>Whether a cluster without a secret, or with a Redis without a password, is meant. Outside Development it is refused otherwise.</summary>
    public bool AllowUnprotected { get; set; }
}

/// <summary>How to reach Redis.</summary>
internal sealed class RedisSettings
{
    /// <summary>As StackExchange.Redis reads it: <c>host:port,password=..,ssl=true</c>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The file that holds <see cref="ConnectionString"/>, for secrets that are mounted.</summary>
    public string? ConnectionStringFile { get; set; }
}

/// <summary>Where a storage keeps its states.</summary>
internal sealed class StorageSettings
{
    /// <summary>Unset, Redis if there is one, else memory.</summary>
    public StoreKind? Kind { get; set; }

    /// <summary>Another Redis than <c>Granary:Redis</c>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether clearing a state deletes its key.</summary>
    public bool DeleteStateOnClear { get; set; }
}

/// <summary>Where something is kept.</summary>
internal enum StoreKind
{
    /// <summary>In the memory of the process: gone with it.</summary>
    Memory,

    /// <summary>In Redis.</summary>
    Redis,
}
