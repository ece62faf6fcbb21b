using System.Globalization;
using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>Finds out which process a local connection is of, from what the kernel tells in /proc.</summary>
internal static class SocketOwner
{
    /// <summary>The inode of the socket that is bound to an address; null when there is none.</summary>
    internal static string? InodeOf(IPEndPoint local)
    {
        // A .NET socket for both families is an IPv6 one, whose address here ends in the IPv4 one.
        var bytes = local.Address.MapToIPv4().GetAddressBytes();
        var address = string.Create(CultureInfo.InvariantCulture, $"{BitConverter.ToUInt32(bytes):X8}:{local.Port:X4}");
        foreach (var table in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            if (!File.Exists(table)) continue;
            foreach (var line in File.ReadLines(table))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length > 9 && fields[1].EndsWith(address, StringComparison.Ordinal)) return fields[9];
            }
        }

        return null;
    }

    internal static bool Has(int process, string inode)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/fd").Any(file => new FileInfo(file).LinkTarget == $"socket:[{inode}]");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return false;
        }
    }
}
