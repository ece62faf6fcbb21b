using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Granary.Hosting.Cluster;

/// <summary>The address under which other processes reach the HTTP endpoints of this one.</summary>
internal static class HttpAddress
{
    /// <summary>The first of the addresses listened on, with the advertised address where that is every address; null when others cannot reach it, or its port is any free one.</summary>
    /// <param name="urls">The setting <c>Urls</c>: addresses with semicolons between them.</param>
    /// <param name="advertised">Under which address others reach this process.</param>
    internal static string? Of(string? urls, IPAddress advertised)
    {
        foreach (var url in (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Parse(url) is not { } binding || binding.Port == 0) continue;
            var host = binding.Host.Trim('[', ']');
            if (host is "*" or "+" || (IPAddress.TryParse(host, out var listen) && (listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any)))) return Text(binding, advertised);
            if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) listen = IPAddress.Loopback;
            if (listen is null) return $"{binding.Scheme}://{binding.Host}:{binding.Port}";
            if (!IPAddress.IsLoopback(listen) || IPAddress.IsLoopback(advertised)) return Text(binding, listen);
        }

        return null;
    }

    /// <summary>An address listened on; null when it is none, or no address of a network.</summary>
    internal static BindingAddress? Parse(string url)
    {
        try
        {
            var binding = BindingAddress.Parse(url);
            return binding.IsUnixPipe || binding.IsNamedPipe ? null : binding;
        }
        catch (FormatException)
        {
            // Kestrel says what is wrong with it.
            return null;
        }
    }

    /// <summary>An address listened on as a program on this machine would write it: <c>http://[::]:8080</c> is <c>http://localhost:8080</c>.</summary>
    internal static string Local(BindingAddress binding) => $"{binding.Scheme}://{(binding.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : binding.Host)}:{binding.Port}";

    private static string Text(BindingAddress binding, IPAddress address) =>
        $"{binding.Scheme}://{(address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address)}:{binding.Port}";
}
