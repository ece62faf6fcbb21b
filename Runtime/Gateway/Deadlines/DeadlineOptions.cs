namespace Granary.Gateway.Deadlines;

/// <summary>How long calls may take. What the caller asks for comes first, then the method's own deadline, then the default; the maximum cuts all of them.</summary>
public sealed class DeadlineOptions
{
    /// <summary>For a call that answers once, when neither caller nor method says anything. 1 ms up to <see cref="Maximum"/>; the default is 3 s.</summary>
    public TimeSpan Default { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The longest a call that answers once may take. Up to 1 day; the default is 2 min.</summary>
    public TimeSpan Maximum { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest a call that answers with a stream may take, and what it gets when neither caller nor method says anything. Up to 30 days; the default is 1 h.</summary>
    public TimeSpan StreamMaximum { get; set; } = TimeSpan.FromHours(1);
}
