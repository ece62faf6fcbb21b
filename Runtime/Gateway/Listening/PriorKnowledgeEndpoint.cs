using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Granary.Gateway.Listening;

/// <summary>
/// The endpoint of HTTP/2 with prior knowledge. It has no socket: the connections it "accepts" are those that the public endpoints hand over. One server binds it, once.
/// </summary>
internal sealed class PriorKnowledgeEndpoint : IConnectionListenerFactory
{
    // Its reader, the server's accept loop, never waits for a connection.
    private readonly Channel<ConnectionContext> _handed = Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>What the server is told to listen on.</summary>
    public EndPoint Address { get; } = new Place();

    /// <summary>Hands a connection over. Completes when it has been served; false when there is nobody to serve it.</summary>
    public async Task<bool> ServeAsync(ConnectionContext connection)
    {
        var handed = new HandedConnection(connection);
        if (!_handed.Writer.TryWrite(handed)) return false;
        await handed.Done;
        return true;
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Listener(this));

    private sealed class Place : EndPoint
    {
        public override string ToString() => "prior-knowledge";
    }

    private sealed class Listener(PriorKnowledgeEndpoint endpoint) : IConnectionListener
    {
        public EndPoint EndPoint => endpoint.Address;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var handed = endpoint._handed.Reader;
            while (await handed.WaitToReadAsync(cancellationToken))
            {
                if (handed.TryRead(out var connection)) return connection;
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            endpoint._handed.Writer.TryComplete();
            return default;
        }

        public async ValueTask DisposeAsync()
        {
            endpoint._handed.Writer.TryComplete();

            // Handed over, and never accepted.
            while (endpoint._handed.Reader.TryRead(out var connection)) await connection.DisposeAsync();
        }
    }
}
