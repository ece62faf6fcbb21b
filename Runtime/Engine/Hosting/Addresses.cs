using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Addresses of this machine.</summary>
internal static class LocalAddress
{
    internal static IPAddress Of(string host, AddressFamily family)
    {
        if (IPAddress.TryParse(host, out var literal)) return literal;
        return Dns.GetHostAddresses(host, family).FirstOrDefault()
            ?? throw new OrleansConfigurationException($"The host name '{host}' has no {family} address. Write an address that this machine has.");
    }

    /// <summary>The first address of an interface that is up and no loopback; the loopback address on a machine without one.</summary>
    internal static IPAddress OfThisMachine(AddressFamily family)
    {
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces().OrderBy(card => card.Name, StringComparer.Ordinal))
        {
            if (card.OperationalStatus != OperationalStatus.Up || card.NetworkInterfaceType == NetworkInterfaceType.Loopback) continue;
            foreach (var address in card.GetIPProperties().UnicastAddresses)
            {
                if (address.Address.AddressFamily == family && !address.Address.IsIPv6LinkLocal) return address.Address;
            }
        }

        return family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
    }
}

/// <summary>Silos' endpoints as the URIs that gateway lists hold: <c>gwy.tcp://ip:port/0</c>.</summary>
internal static class GatewayAddress
{
    internal static IPEndPoint Endpoint(Uri gateway)
    {
        var host = gateway.IdnHost;
        var port = gateway.Port;
        if (port <= 0) throw new OrleansConfigurationException($"The gateway address '{gateway}' has no port. Write it as gwy.tcp://127.0.0.1:30000/0.");
        return new IPEndPoint(IPAddress.TryParse(host, out var literal) ? literal : LocalAddress.Of(host, AddressFamily.InterNetwork), port);
    }
}
