namespace Granary.Gateway.Audit;

/// <summary>How a controller's action is called in the audit log. Actions without it are called after their controller and method.</summary>
/// <param name="action">For example <c>keys.create</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AuditAttribute(string action) : Attribute
{
    /// <summary>The action's name.</summary>
    public string Action { get; } = action;

    /// <summary>
    /// Whether the action is told before it is done, and not done when it cannot be told. For what gives power (a new key, a revocation taken back); what takes power away goes on without, since
    /// a stolen key must not live longer because the log is out of reach.
    /// </summary>
    public bool Closed { get; init; }
}
