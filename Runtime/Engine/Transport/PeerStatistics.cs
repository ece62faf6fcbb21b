namespace Granary.Engine.Transport;

/// <summary>One connection as it is now. Counts are since it was opened.</summary>
/// <param name="Peer">The other end: a silo's address or a client's id.</param>
/// <param name="IsClient">Whether the other end is a client.</param>
/// <param name="Lane">Which of the connections to the peer.</param>
/// <param name="State">Connecting, Open, Leaving or Closed.</param>
/// <param name="OpenedAt">UTC.</param>
/// <param name="CallsOut">Calls sent that want an answer.</param>
/// <param name="CallsIn">Calls received.</param>
/// <param name="InFlight">Calls sent and not answered. 0 on a connection at rest: anything else that stays is a leak.</param>
/// <param name="InProgress">Calls received that are running or waiting.</param>
/// <param name="FramesOut">Frames written.</param>
/// <param name="FramesIn">Frames read.</param>
/// <param name="BytesOut">Bytes given to the socket.</param>
/// <param name="BytesIn">Bytes taken from the socket.</param>
/// <param name="QueuedBytes">Bytes not yet taken by the socket.</param>
internal sealed record ConnectionStatistics(
    string Peer,
    bool IsClient,
    int Lane,
    string State,
    DateTimeOffset OpenedAt,
    long CallsOut,
    long CallsIn,
    int InFlight,
    int InProgress,
    long FramesOut,
    long FramesIn,
    long BytesOut,
    long BytesIn,
    int QueuedBytes);

/// <summary>What a network has counted since it began, with the connections that are closed.</summary>
internal readonly record struct NetworkTotals(long Opened, long Failed, long Refused, long CallsOut, long CallsIn, long FramesOut, long FramesIn, long BytesOut, long BytesIn)
{
    internal NetworkTotals Plus(NetworkTotals other) => new(
        Opened + other.Opened,
        Failed + other.Failed,
        Refused + other.Refused,
        CallsOut + other.CallsOut,
        CallsIn + other.CallsIn,
        FramesOut + other.FramesOut,
        FramesIn + other.FramesIn,
        BytesOut + other.BytesOut,
        BytesIn + other.BytesIn);

    internal NetworkTotals Plus(ConnectionStatistics c) => Plus(new NetworkTotals(0, 0, 0, c.CallsOut, c.CallsIn, c.FramesOut, c.FramesIn, c.BytesOut, c.BytesIn));
}

/// <summary>A process's connections, and what happened to those that are no more.</summary>
/// <param name="Connections">The open ones.</param>
/// <param name="Opened">Connections ever opened, either way.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="Refused">Strangers refused in the handshake.</param>
internal sealed record NetworkStatistics(IReadOnlyList<ConnectionStatistics> Connections, long Opened, long Failed, long Refused);
