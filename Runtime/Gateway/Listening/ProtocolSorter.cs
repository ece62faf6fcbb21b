using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Listening;

/// <summary>
/// Looks at the first bytes of every connection to an endpoint without TLS, and hands those of HTTP/2 to the endpoint for it: Kestrel takes everything for HTTP/1.1 where both may come without TLS.
/// A connection waits for its first bytes by itself; accepting goes on. How long, and how many may, is bounded.
/// </summary>
internal sealed class ProtocolSorter(PriorKnowledgeEndpoint http2, IOptions<GatewayOptions> options, TimeProvider time)
{
    private int _undecided;

    /// <summary>How many connections have not sent enough to be told apart.</summary>
    public int Undecided => Volatile.Read(ref _undecided);

    /// <summary>Puts the sorter first on the way of an endpoint's connections, if the endpoint turns out to serve both without TLS.</summary>
    public void Sort(ListenOptions endpoint)
    {
        // The endpoint is set up when this runs, which is when its connections' way is composed. With TLS the protocol is negotiated (ALPN); what comes there in clear text must not be
        // served around TLS and its certificates.
        endpoint.Use(next => endpoint.Protocols.HasFlag(HttpProtocols.Http1AndHttp2) && !HasTls(endpoint) ? connection => ServeAsync(connection, next) : next);
    }

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (await LookAsync(connection) is not { } isHttp2) return;
        if (!isHttp2) await next(connection);
        else await http2.ServeAsync(connection);
    }

    // Null when the connection is to be closed.
    private async ValueTask<bool?> LookAsync(ConnectionContext connection)
    {
        var limits = options.Value.Connections;
        try
        {
            if (Interlocked.Increment(ref _undecided) > limits.Undecided) return null;
            using var patience = new CancellationTokenSource(limits.FirstBytes, time);
            return await FirstBytes.AreHttp2Async(connection.Transport.Input, patience.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _undecided);
        }
    }

    // The only public place where it shows; a test holds it.
    private static bool HasTls(ListenOptions endpoint) => endpoint.ToString()!.StartsWith("https:", StringComparison.Ordinal);
}
