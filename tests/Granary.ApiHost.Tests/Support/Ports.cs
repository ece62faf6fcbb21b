using System.Net;
using System.Net.Sockets;

namespace Granary.Tests;

internal static class Ports
{
    /// <summary>A port that was free a moment ago, for the few listeners that must be known before they exist.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
