using System.Net;

namespace Orleans.Configuration;

/// <summary>Which cluster and which service a process belongs to.</summary>
public class ClusterOptions
{
    public const string DefaultClusterId = "default";

    public const string DefaultServiceId = "default";

    internal const string DevelopmentClusterId = "dev";

    internal const string DevelopmentServiceId = "dev";

    /// <summary>The cluster. Silos of another cluster are strangers.</summary>
    public string ClusterId { get; set; } = DefaultClusterId;

    /// <summary>The service. It names stored data and stays the same when a service moves to another cluster.</summary>
    public string ServiceId { get; set; } = DefaultServiceId;
}

/// <summary>How a silo is called.</summary>
public class SiloOptions
{
    /// <summary>The name in logs and pages. Unset, the engine makes one.</summary>
    public string? SiloName { get; set; }
}

/// <summary>Where a silo listens.</summary>
public class EndpointOptions
{
    public const int DEFAULT_SILO_PORT = 11111;

    public const int DEFAULT_GATEWAY_PORT = 30000;

    /// <summary>The address under which others reach this silo. Unset, the engine picks one of the machine's.</summary>
    public IPAddress? AdvertisedIPAddress { get; set; }

    /// <summary>The port for silos; 0 is any free one.</summary>
    public int SiloPort { get; set; } = DEFAULT_SILO_PORT;

    /// <summary>The port for clients; 0 is none of its own.</summary>
    public int GatewayPort { get; set; } = DEFAULT_GATEWAY_PORT;

    /// <summary>Where to listen for silos when that is not <see cref="AdvertisedIPAddress"/> and <see cref="SiloPort"/>.</summary>
    public IPEndPoint? SiloListeningEndpoint { get; set; }

    /// <summary>Where to listen for clients when that is not <see cref="AdvertisedIPAddress"/> and <see cref="GatewayPort"/>.</summary>
    public IPEndPoint? GatewayListeningEndpoint { get; set; }
}
