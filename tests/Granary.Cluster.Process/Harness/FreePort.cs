using System.Net;
using System.Net.Sockets;

namespace Granary.Cluster.Harness;

internal static class FreePort
{
    /// <summary>A port that was free a moment ago, for programs that must be told theirs. Below the range from which the system takes ports for outgoing connections, so that none of these takes it meanwhile.</summary>
    internal static int Next(IPAddress? address = null)
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 32_000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(address ?? IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken; another.
            }
        }
    }
}
