using Microsoft.Extensions.Options;

namespace Granary.Silo;

/// <summary>Which cluster this silo is of, and where it listens: the section <c>Granary:Cluster</c>.</summary>
internal sealed class SiloSettings
{
    internal const string Section = "Granary:Cluster";

    /// <summary>The cluster's name; silos and clients of another one are refused.</summary>
    public string ClusterId { get; set; } = "granary";

    /// <summary>The service's name, under which its state is stored.</summary>
    public string ServiceId { get; set; } = "granary";

    /// <summary>The port for other silos, on the loopback address; 0 is any free one.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port for clients, such as ApiHost in client mode, on the loopback address.</summary>
    public int GatewayPort { get; set; } = 30000;

    /// <summary>The settings, checked.</summary>
    /// <exception cref="OptionsValidationException">They are wrong.</exception>
    internal static SiloSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<SiloSettings>() ?? new SiloSettings();
        List<string> wrong = [];
        if (string.IsNullOrWhiteSpace(settings.ClusterId)) wrong.Add($"{Section}:ClusterId is empty. Write the cluster's name, the same in every process of it.");
        if (string.IsNullOrWhiteSpace(settings.ServiceId)) wrong.Add($"{Section}:ServiceId is empty. Write the service's name, the same in every process of it.");
        if (settings.SiloPort is < 0 or > 65535) wrong.Add($"{Section}:SiloPort is {settings.SiloPort}. Write a port from 1 to 65535, or 0 for any free one.");
        if (settings.GatewayPort is < 1 or > 65535) wrong.Add($"{Section}:GatewayPort is {settings.GatewayPort}. Write a port from 1 to 65535: it is how clients find this silo.");
        if (settings.SiloPort == settings.GatewayPort) wrong.Add($"{Section}:SiloPort and {Section}:GatewayPort are both {settings.SiloPort}. Write two different ports.");
        return wrong.Count == 0 ? settings : throw new OptionsValidationException(Section, typeof(SiloSettings), wrong);
    }
}
