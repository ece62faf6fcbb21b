namespace Granary.Hosting;

/// <summary>Settings of the parts on Redis that official Orleans has no options for.</summary>
public sealed class RedisEngineOptions
{
    /// <summary>The largest state that is stored, bytes; a larger one is refused by name. Redis copies a state into memory whole, and serves nobody else meanwhile.</summary>
    public int MaxStateBytes { get; set; } = 16 * 1024 * 1024;
}
