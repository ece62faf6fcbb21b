namespace Granary.Gateway.WebSockets;

/// <summary>How WebSockets are served: <c>/ws/...</c> and <c>/jsonrpc</c>. A message may have <see cref="LimitOptions.BodyBytes"/>; pages of <see cref="Cors.CorsOptions.Origins"/> may connect.</summary>
public sealed class WebSocketOptions
{
    /// <summary>Connections at a time. 1 to 1,000,000; the default is 10,000.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Connections of one caller (a subject; without a token, an address) at a time. 1 to 1,000,000; the default is 1,000.</summary>
    public int MaxConnectionsPerCaller { get; set; } = 1000;

    /// <summary>Calls that answer once and are under way on one JSON-RPC connection; then it is not read on. A batch counts as one. 1 to 10,000; the default is 100.</summary>
    public int MaxCallsInFlight { get; set; } = 100;

    /// <summary>Streams on one JSON-RPC connection at a time; one more is refused. 1 to 10,000; the default is 100.</summary>
    public int MaxStreams { get; set; } = 100;

    /// <summary>After this silence a ping is sent, and when nothing comes for as long again, the connection is cut. 1 s to 10 min; the default is 30 s.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long <c>/ws/...</c> waits for the message with the arguments. 100 ms to 5 min; the default is 10 s.</summary>
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
