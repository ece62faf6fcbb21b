namespace Granary.Gateway.JsonRpc;

/// <summary>How JSON-RPC is served.</summary>
public sealed class JsonRpcOptions
{
    /// <summary>The most requests in a batch; a longer batch is refused as a whole. 1 to 10,000; the default is 100.</summary>
    public int MaxBatch { get; set; } = 100;

    /// <summary>How many requests of a batch are under way at once. 1 to 1,000; the default is 16.</summary>
    public int BatchConcurrency { get; set; } = 16;
}
