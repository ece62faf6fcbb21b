namespace Granary.Gateway.Framing;

/// <summary>How replies of gRPC, gRPC-Web and Connect are compressed, where the caller accepts gzip.</summary>
public sealed class CompressionOptions
{
    /// <summary>Whether replies are compressed. What callers send may be compressed all the same. The default is true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Smaller messages are sent as they are: it costs both sides more than it saves. 0 to 1 GB; the default is 1 KB.</summary>
    public int FromBytes { get; set; } = 1024;
}
