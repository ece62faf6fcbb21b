namespace Granary.Hosting;

/// <summary>Settings of the embedded engine that official Orleans has no options for. Bound from the configuration section <see cref="Section"/>.</summary>
public sealed class EngineOptions
{
    /// <summary>Where these settings are in the configuration.</summary>
    public const string Section = "Granary:Engine";

    /// <summary>
    /// Calls that may wait for one activation; a further one is refused at once with <see cref="Orleans.Runtime.LimitExceededException"/>.
    /// <see cref="Orleans.Configuration.SiloMessagingOptions.MaxEnqueuedRequestsHardLimit"/> has priority when it is set.
    /// </summary>
    public int MaxQueuedCallsPerActivation { get; set; } = 10_000;

    /// <summary>Whether the silo listens for other processes. Unset, it does when it was told where (<c>UseLocalhostClustering</c>, <c>ConfigureEndpoints</c>).</summary>
    public bool? Listen { get; set; }

    /// <summary>The secret that all processes of a cluster share; a process without it is refused. Unset, none is asked for.</summary>
    public string? ClusterSecret { get; set; }

    /// <summary>The file that holds <see cref="ClusterSecret"/>, for secrets that are mounted; spaces and line ends around it are left out. One of the two may be set.</summary>
    public string? ClusterSecretFile { get; set; }

    /// <summary>The release of the program that this silo tells the others; unset, the version of the entry assembly.</summary>
    public string? Release { get; set; }

    /// <summary>This silo's share of the work beside others, for programs that balance by discovery: 0 (none) to 1000.</summary>
    public int Weight { get; set; } = 100;

    /// <summary>Where else this silo can be reached, by protocol, for discovery: <c>http</c> is the base address of its HTTP endpoints. The hosts set that one.</summary>
    public IDictionary<string, string> Endpoints { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The largest message between two processes, bytes. <see cref="Orleans.Configuration.MessagingOptions.MaxMessageBodySize"/> may make it smaller.</summary>
    public int MaxFrameBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>What may wait to be written to one connection, bytes, before new calls are refused.</summary>
    public int MaxQueuedBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>The roles of this silo, for <see cref="Orleans.Runtime.SiloRoleBasedPlacement"/>.</summary>
    public IList<string> Roles { get; set; } = [];

    /// <summary>How long a stopping silo lets running calls end and grains deactivate before it goes.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a work item may wait for a thread before the silo counts as overloaded and refuses calls from outside the cluster
    /// with <see cref="Orleans.Runtime.GatewayTooBusyException"/>. <see cref="TimeSpan.Zero"/> never refuses.
    /// </summary>
    public TimeSpan OverloadQueueDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often silos tell each other their load, for placement.</summary>
    public TimeSpan LoadReportPeriod { get; set; } = TimeSpan.FromSeconds(1);
}
