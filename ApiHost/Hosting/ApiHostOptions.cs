using System.Net;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Hosting;

/// <summary>Where this host's grains are: the settings <c>Granary:Mode</c> and <c>Granary:Cluster</c>.</summary>
internal sealed class ApiHostOptions
{
    internal const string Section = "Granary";

    /// <summary>Whether grains live in this process or in silos of their own.</summary>
    public HostMode Mode { get; set; } = HostMode.Embedded;

    /// <summary>The cluster this process is, or calls.</summary>
    public ClusterSettings Cluster { get; set; } = new();

    /// <summary>Whether <c>/metrics</c> answers anyone; otherwise it needs the role <c>admin</c>. The default is yes in Development only.</summary>
    public bool? AnonymousMetrics { get; set; }

    /// <summary>The settings, checked, before there is a host whose parts depend on them.</summary>
    /// <exception cref="OptionsValidationException">They are wrong.</exception>
    internal static ApiHostOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        if (section[nameof(Mode)] is { } mode && !Enum.TryParse<HostMode>(mode, ignoreCase: true, out _))
            throw new OptionsValidationException(Section, typeof(ApiHostOptions), [$"Granary:Mode is '{mode}'. Write Embedded (grains in this process) or Client (grains in silos)."]);
        var options = section.Get<ApiHostOptions>() ?? new ApiHostOptions();
        var wrong = ApiHostOptionsRules.Broken(options);
        return wrong.Count > 0 ? throw new OptionsValidationException(Section, typeof(ApiHostOptions), wrong) : options;
    }
}

/// <summary>Where grains live.</summary>
internal enum HostMode
{
    /// <summary>In this process: one program is all there is to run.</summary>
    Embedded,

    /// <summary>In the silos of a cluster, to which this process connects.</summary>
    Client,
}

/// <summary>A cluster, and the ways into it.</summary>
internal sealed class ClusterSettings
{
    /// <summary>The cluster's name; silos and clients of another one are refused.</summary>
    public string ClusterId { get; set; } = "granary";

    /// <summary>The service's name, under which its state is stored.</summary>
    public string ServiceId { get; set; } = "granary";

    /// <summary>Client mode: the addresses of silos, <c>ip:port</c> of their client port. Any one that answers will do.</summary>
    public IList<string> Gateways { get; set; } = [];

    /// <summary>Embedded mode, when <c>Granary:Engine:Listen</c> is on: the port for silos.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Embedded mode, when <c>Granary:Engine:Listen</c> is on: the port for clients of this machine.</summary>
    public int GatewayPort { get; set; } = 30000;
}

/// <summary>Refuses wrong settings with a text that says what to write.</summary>
file static class ApiHostOptionsRules
{
    internal static List<string> Broken(ApiHostOptions options)
    {
        List<string> wrong = [];
        if (string.IsNullOrWhiteSpace(options.Cluster.ClusterId)) wrong.Add("Granary:Cluster:ClusterId is empty. Write the cluster's name, the same in every process of it.");
        if (string.IsNullOrWhiteSpace(options.Cluster.ServiceId)) wrong.Add("Granary:Cluster:ServiceId is empty. Write the service's name, the same in every process of it.");
        Port(nameof(ClusterSettings.SiloPort), options.Cluster.SiloPort, wrong);
        Port(nameof(ClusterSettings.GatewayPort), options.Cluster.GatewayPort, wrong);
        foreach (var gateway in options.Cluster.Gateways)
        {
            if (!IPEndPoint.TryParse(gateway, out var endpoint) || endpoint.Port == 0)
                wrong.Add($"Granary:Cluster:Gateways holds '{gateway}'. Write a silo's IP address and client port, for example 127.0.0.1:30000.");
        }

        return wrong;
    }

    private static void Port(string name, int port, List<string> wrong)
    {
        if (port is < 0 or > 65535) wrong.Add($"Granary:Cluster:{name} is {port}. Write a port from 1 to 65535, or 0 for any free one.");
    }
}
