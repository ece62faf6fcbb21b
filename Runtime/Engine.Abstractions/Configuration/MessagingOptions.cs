namespace Orleans.Configuration;

/// <summary>How calls travel, for silos and clients.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer, unless the call has a deadline of its own.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>As <see cref="ResponseTimeout"/>, while a debugger is attached.</summary>
    public TimeSpan ResponseTimeoutWithDebugger { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>The greatest length of a message's header in bytes; a longer one closes the connection.</summary>
    public int MaxMessageHeaderSize { get; set; } = 10 * 1024 * 1024;

    /// <summary>The greatest length of a message's body in bytes; a longer one is refused.</summary>
    public int MaxMessageBodySize { get; set; } = 100 * 1024 * 1024;

    /// <summary>Whether a request whose caller gave up waiting is cancelled at the callee.</summary>
    public bool CancelRequestOnTimeout { get; set; } = true;

    /// <summary>Whether a cancelled call ends when the callee says so, rather than at once.</summary>
    public bool WaitForCancellationAcknowledgement { get; set; }
}

/// <summary>How calls travel, for silos.</summary>
public class SiloMessagingOptions : MessagingOptions
{
    public const int DEFAULT_MAX_FORWARD_COUNT = 2;

    /// <summary>How often a call is forwarded to where its grain moved, before it is refused.</summary>
    public int MaxForwardCount { get; set; } = DEFAULT_MAX_FORWARD_COUNT;

    /// <summary>How many requests may wait for one activation; a further one is refused at once. 0 is the engine's own limit.</summary>
    public int MaxEnqueuedRequestsHardLimit { get; set; }

    /// <summary>As <see cref="MaxEnqueuedRequestsHardLimit"/>, for activations of stateless workers.</summary>
    public int MaxEnqueuedRequestsHardLimit_StatelessWorker { get; set; }

    /// <summary>How long a client that lost its connection keeps its observers.</summary>
    public TimeSpan ClientDropTimeout { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>How calls travel, for processes that only call.</summary>
public class ClientMessagingOptions : MessagingOptions
{
    /// <summary>The name of the network interface whose address the client uses; unset, any.</summary>
    public string? NetworkInterfaceName { get; set; }
}
