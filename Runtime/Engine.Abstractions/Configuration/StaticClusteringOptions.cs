using System.Net;

namespace Orleans.Configuration;

/// <summary>The gateways of a client whose cluster does not change.</summary>
public class StaticGatewayListProviderOptions
{
    /// <summary>Gateways as <c>gwy.tcp://ip:port/generation</c>; generation 0 is whichever silo listens there.</summary>
    public List<Uri> Gateways { get; set; } = [];
}

/// <summary>A cluster on one machine, for development.</summary>
public class DevelopmentClusterMembershipOptions
{
    /// <summary>The silo that the others join; null when this is it.</summary>
    public IPEndPoint? PrimarySiloEndpoint { get; set; }
}
