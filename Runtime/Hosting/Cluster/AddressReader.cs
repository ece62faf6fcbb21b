using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Granary.Hosting.Cluster;

/// <summary>Reads addresses as people write them.</summary>
internal static class AddressReader
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>An IP address, the first one of a host name (IPv4 before IPv6), or for <c>auto</c> the first one of this machine that is no loopback. Waits for DNS at most 5 s.</summary>
    internal static bool TryResolve(string text, [NotNullWhen(true)] out IPAddress? address, out string problem)
    {
        problem = "";
        address = null;
        if (string.IsNullOrWhiteSpace(text)) return false;
        if (text.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            address = OfThisMachine();
            problem = address is null ? ", and this machine has no address but the loopback one" : "";
            return address is not null;
        }

        if (IPAddress.TryParse(text, out address))
        {
            if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)) return true;
            problem = ", which is every address and nobody's";
            return false;
        }

        try
        {
            using var patience = new CancellationTokenSource(s_patience);
            address = Dns.GetHostAddressesAsync(text, patience.Token).WaitAsync(patience.Token).GetAwaiter().GetResult()
                .OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).FirstOrDefault();
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            problem = $", which has no address ({(error is OperationCanceledException ? $"the name service did not answer within {s_patience.TotalSeconds:0} s" : error.Message)})";
        }

        return address is not null;
    }

    private static IPAddress? OfThisMachine() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .OrderBy(card => card.Name, StringComparer.Ordinal)
        .SelectMany(card => card.GetIPProperties().UnicastAddresses.Select(a => a.Address))
        .Where(a => !a.IsIPv6LinkLocal && !IPAddress.IsLoopback(a))
        .OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
        .FirstOrDefault();
}
