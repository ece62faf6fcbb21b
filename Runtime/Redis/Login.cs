using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Granary.Hosting;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>Opens connections to servers without the client, and writes the first commands that are sent over them.</summary>
internal static class Login
{
    private const SslProtocols Modern = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Connects, over TLS 1.2 or later where the configuration says so. Certificates are checked as the system does.</summary>
    /// <exception cref="SocketException">Nobody is there.</exception>
    /// <exception cref="AuthenticationException">The server's certificate is not trusted.</exception>
    internal static async Task<Stream> OpenAsync(EndPoint endpoint, ConfigurationOptions configuration, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream stream;
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            await socket.ConnectAsync(endpoint, cancellation).ConfigureAwait(false);
            stream = new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        if (!configuration.Ssl) return stream;
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(Tls(endpoint, configuration), cancellation).ConfigureAwait(false);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>TLS 1.2 or later; certificates are checked as the system does.</summary>
    internal static SslClientAuthenticationOptions Tls(EndPoint endpoint, ConfigurationOptions configuration) => new()
    {
        TargetHost = string.IsNullOrWhiteSpace(configuration.SslHost) ? HostOf(endpoint) : configuration.SslHost,
        EnabledSslProtocols = (configuration.SslProtocols & Modern) is { } chosen and not SslProtocols.None ? chosen : Modern,
    };

    /// <summary>Writes a command in the protocol of Redis (RESP).</summary>
    internal static byte[] Command(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{parts.Length}\r\n");
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The command that logs in; null where nothing is asked for.</summary>
    internal static byte[]? Command(ConfigurationOptions configuration) => (configuration.User, configuration.Password) switch
    {
        (_, null or "") => null,
        (null, var password) => Command("AUTH", password),
        (var user, var password) => Command("AUTH", user, password),
    };

    private static string HostOf(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint dns => dns.Host,
        IPEndPoint ip => ip.Address.ToString(),
        _ => endpoint.ToString() ?? "",
    };
}
