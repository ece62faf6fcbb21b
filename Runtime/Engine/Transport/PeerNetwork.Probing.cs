using System.Net.Sockets;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>Finding out whether a silo is still there.</summary>
internal sealed partial class PeerNetwork
{
    /// <summary>
    /// Connects anew to exactly this silo, whatever connections there are. A connection that comes of it is kept when there is none.
    /// </summary>
    /// <returns>Gone only when its address refused, or another silo answered there; whatever else goes wrong says nothing.</returns>
    internal async Task<DialOutcome> LookForAsync(SiloAddress silo, TimeSpan limit)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        cancellation.CancelAfter(limit);
        try
        {
            var (socket, identity, _) = await DialAsync(silo.Endpoint, silo, 0, cancellation.Token).ConfigureAwait(false);
            var connection = OpenAdopted(socket, identity, 0);
            connection.Peer.OnConnected(identity);
            if (!connection.Peer.Uses(connection)) _ = CloseSpareAsync(connection);
            return DialOutcome.Alive;
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return DialOutcome.Gone;
        }
        catch (HandshakeException other) when (other.IsOtherSilo)
        {
            return DialOutcome.Gone;
        }
        catch (Exception)
        {
            return DialOutcome.Unknown;
        }
    }

    /// <summary>The other end may have begun to use it: it is asked to stop before the connection goes.</summary>
    private async Task CloseSpareAsync(PeerConnection connection)
    {
        connection.SayGoAway(processStops: false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(Options.ConnectTimeout);
        await connection.FinishAsync(limit.Token).ConfigureAwait(false);
    }
}
