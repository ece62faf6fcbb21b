namespace Granary.Client.Endpoints;

/// <summary>When an endpoint is left out: at once when it cannot be reached or its connection breaks. It comes back when a probe finds it well.</summary>
public sealed class HealthOptions
{
    /// <summary>The wait before the first probe; each further one waits twice as long. 10 ms to 5 min; the default is 500 ms.</summary>
    public TimeSpan FirstBackoff { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>No probe waits longer. Up to 1 h; the default is 30 s.</summary>
    public TimeSpan MaximumBackoff { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a probe may take. 10 ms to 1 min; the default is 1 s.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);
}
