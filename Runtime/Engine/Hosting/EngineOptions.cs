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

    /// <summary>TLS between the processes of the cluster; unset, there is none.</summary>
    public TlsOptions? Tls { get; set; }

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

    /// <summary>How long a silo may run grains after it last renewed its lease in the membership table. One that cannot renew it for so long runs no turn any more and ends its process.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What others wait beyond a silo's lease before they take its grains over: it covers the difference of clock rates, which must stay below (lease + margin) / lease, and turns that had begun. All silos of a
    /// cluster must have the same <see cref="LeaseDuration"/> and margin.
    /// </summary>
    public TimeSpan LeaseMargin { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a silo renews its lease. At most a sixth of <see cref="LeaseDuration"/>.</summary>
    public TimeSpan RenewPeriod { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a silo pings the silos it watches.</summary>
    public TimeSpan ProbePeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many silos each silo watches.</summary>
    public int ProbedSuccessors { get; set; } = 3;

    /// <summary>How long the lease of a silo whose address was found deserted must stand still before the silo is declared dead. At least <see cref="RenewPeriod"/> twice.</summary>
    public TimeSpan ProofDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a silo goes on beyond its lease while the membership table is away for it and for a majority of the cluster. <see cref="TimeSpan.Zero"/>: not at all; then losing the table for a lease ends every
    /// silo, but a silent majority is taken over after a lease and its margin. All silos of a cluster must have the same.
    /// </summary>
    public TimeSpan MaxStoreOutage { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the rows of dead silos stay in the membership table. Longer than <see cref="MaxStoreOutage"/> and a few leases.</summary>
    public TimeSpan DeadSilosKept { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether a silo that must not run grains any more ends its process, when the host does not stop within five seconds. Tests with several silos in a process turn it off.</summary>
    public bool ExitWhenFenced { get; set; } = true;
}
