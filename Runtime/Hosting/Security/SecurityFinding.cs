namespace Granary.Hosting.Security;

/// <summary>Something in the settings that makes a host less safe than it could be.</summary>
/// <param name="Weight">What becomes of it.</param>
/// <param name="Text">What it is, what was seen, and what to write. No secret is quoted.</param>
internal sealed record SecurityFinding(SecurityWeight Weight, string Text);

/// <summary>What becomes of a finding.</summary>
internal enum SecurityWeight
{
    /// <summary>Good to know; <c>--check</c> prints it.</summary>
    Note,

    /// <summary>A line of the log at every start.</summary>
    Warning,

    /// <summary>The host does not start.</summary>
    Refused,
}
