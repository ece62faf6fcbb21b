using Granary.Rpc;

namespace Granary.Gateway.Shedding;

/// <summary>What a gateway does when more is asked of it than it can do.</summary>
public sealed class SheddingOptions
{
    /// <summary>Whether it refuses anything.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long work may wait for a thread of the process: longer, for 200 ms without a break, is overload. 5 ms to 10 s; the default is 100 ms.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>So many calls may always be under way. 1 to 100,000; the default is 8.</summary>
    public int LeastCalls { get; set; } = 8;

    /// <summary>How many calls may wait under overload. 0 to 100,000; the default is 256.</summary>
    public int Queue { get; set; } = 256;

    /// <summary>How long they wait at most. 1 ms to 10 s; the default is 100 ms.</summary>
    public TimeSpan Wait { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Priorities by service (<c>devices</c>) or method (<c>devices/Ingest</c>): <see cref="CallPriority"/>. The others are Normal. A caller can ask for less by the header <c>x-granary-priority: batch</c>, never for more.</summary>
    public IDictionary<string, CallPriority> Priorities { get; set; } = new Dictionary<string, CallPriority>(StringComparer.Ordinal);

    /// <summary>Callers with this role go first. The default is <c>admin</c>; empty for none.</summary>
    public string HighRole { get; set; } = "admin";
}
