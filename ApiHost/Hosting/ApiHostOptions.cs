namespace Granary.ApiHost.Hosting;

/// <summary>What only this host is told, besides the gateway: the section <c>Granary</c>.</summary>
internal sealed class ApiHostOptions
{
    internal const string Section = "Granary";

    /// <summary>Whether grains live in this process or in silos of their own.</summary>
    public HostMode Mode { get; set; } = HostMode.Embedded;

    /// <summary>Whether <c>/metrics</c> answers anyone; otherwise it needs the role <c>metrics</c> or <c>admin</c>. The default is yes in Development only.</summary>
    public bool? AnonymousMetrics { get; set; }
}

/// <summary>Where grains live.</summary>
internal enum HostMode
{
    /// <summary>In this process: one program is all there is to run.</summary>
    Embedded,

    /// <summary>In the silos of a cluster, to which this process connects.</summary>
    Client,
}
