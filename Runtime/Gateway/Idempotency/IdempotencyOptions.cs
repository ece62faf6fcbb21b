namespace Granary.Gateway.Idempotency;

/// <summary>How calls with the header <c>idempotency-key</c> are made to run once.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>How long an outcome is kept, from its call's beginning. 1 min to 30 days; the default is 1 day.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long such a call may run, also when its caller no longer waits for it; if a gateway dies meanwhile, this long passes before that is known. 1 s to 1 h; the default is 30 s.</summary>
    public TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of the largest reply that is kept. 0 to 16 MB; the default is 256 KB.</summary>
    public int ReplyBytes { get; set; } = 256 * 1024;

    /// <summary>How many outcomes a gateway without Redis keeps; more are refused. 100 to 10,000,000; the default is 100,000.</summary>
    public int Entries { get; set; } = 100_000;

    /// <summary>How long a call waits for the store, before and after it runs. 10 ms to 10 s; the default is 1 s.</summary>
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(1);
}
