using Granary.Rpc;

namespace Granary.Gateway.Resilience;

/// <summary>When calls of a method that keeps failing are answered at once, without being made. Each method has a breaker in each gateway.</summary>
public sealed class BreakerOptions
{
    /// <summary>Whether there are breakers.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The time whose calls are looked at. 1 s to 10 min; the default is 10 s.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>With fewer calls in the window nothing is decided. 2 to 1,000,000; the default is 20.</summary>
    public int MinimumCalls { get; set; } = 20;

    /// <summary>The part of the calls that must have failed. 0.01 to 1; the default is 0.5.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>How long calls are refused before some are let through to try. 100 ms to 1 h; the default is 5 s.</summary>
    public TimeSpan OpenTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many calls are let through to try, and must all succeed. 1 to 1,000; the default is 3.</summary>
    public int Probes { get; set; } = 3;

    /// <summary>
    /// The codes that are failures. None, the default, means Unavailable, DeadlineExceeded and Internal. A passed deadline counts only where the caller had not asked for less time than the method has by itself.
    /// </summary>
    public IList<StatusCode> Codes { get; set; } = [];
}

/// <summary>How many calls of one service may be under way, so that one that hangs does not take everything with it.</summary>
public sealed class BulkheadOptions
{
    /// <summary>Calls under way at this gateway, streams included. 1 to 1,000,000; the default is 1,000.</summary>
    public int Concurrency { get; set; } = 1000;

    /// <summary>How many more calls may wait for one of them to end. 0 to 100,000; the default is 0.</summary>
    public int Queue { get; set; }

    /// <summary>How long they wait at most. 1 ms to 1 min; the default is 100 ms.</summary>
    public TimeSpan Wait { get; set; } = TimeSpan.FromMilliseconds(100);
}
