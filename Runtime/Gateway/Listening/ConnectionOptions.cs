namespace Granary.Gateway.Listening;

/// <summary>What callers' connections may do.</summary>
public sealed class ConnectionOptions
{
    /// <summary>How long a new connection may take to send the first bytes, by which HTTP/1.1 and HTTP/2 are told apart. 1 s to 10 min; the default is 30 s.</summary>
    public TimeSpan FirstBytes { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many connections may be without their first bytes at a time; newer ones are closed. 1 to 1,000,000; the default is 10,000.</summary>
    public int Undecided { get; set; } = 10_000;

    /// <summary>HTTP/2: how many calls may be under way on one connection. 1 to 100,000; the default is 250.</summary>
    public int Streams { get; set; } = 250;

    /// <summary>Bytes of all the headers of a request. 1 KB to 1 MB; the default is 32 KB.</summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>HTTP/2: a connection that is silent for this long is asked for a sign of life. 1 s to 1 h; the default is 30 s.</summary>
    public TimeSpan PingAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>HTTP/2: a connection that gives no sign of life within this time is closed. 1 s to 1 h; the default is 20 s.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Connections at a time, WebSockets among them; further ones are closed as they come. 1 to 10,000,000; the default is 50,000.</summary>
    public int Maximum { get; set; } = 50_000;

    /// <summary>How long the headers of a request may take to arrive. 1 s to 10 min; the default is 15 s.</summary>
    public TimeSpan Headers { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may be idle between requests. 1 s to 1 h; the default is 130 s.</summary>
    public TimeSpan Idle { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>
    /// Bytes a second that a caller must send of a body that is no stream, and take of an answer, on average after the first 5 s; slower ones are cut off. Streams have limits of their own. 1 to 1,000,000; the default
    /// is 240.
    /// </summary>
    public int BytesPerSecond { get; set; } = 240;
}
