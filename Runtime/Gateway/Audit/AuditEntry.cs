namespace Granary.Gateway.Audit;

/// <summary>One thing that somebody who runs this service did: who, what, when, from where, and how it ended. Holds no secret.</summary>
/// <param name="Action">What was done, for example <c>keys.create</c>. Up to 64 characters are kept.</param>
/// <param name="Target">What it was done to: an id, a subject, an address. Up to 256 characters are kept.</param>
/// <param name="Result">How it ended: the name of a status code, such as <c>OK</c> or <c>INVALID_ARGUMENT</c>; or <c>BEGUN</c>, of what is told before it is done.</param>
public sealed record AuditEntry(string Action, string Target, string Result)
{
    /// <summary>The <see cref="Result"/> of an action that is told before it is done.</summary>
    public const string Begun = "BEGUN";

    /// <summary>Its place in the log: later entries have greater ones. Empty until it was recorded.</summary>
    public string Id { get; init; } = "";

    /// <summary>When, by the clock of the host that did it; set when it is recorded.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The subject of the caller; empty for one without credentials.</summary>
    public string Actor { get; init; } = "";

    /// <summary>The address of the caller, behind trusted proxies the one they tell; empty when it is not known.</summary>
    public string Address { get; init; } = "";

    /// <summary>The trace of the request.</summary>
    public string TraceId { get; init; } = "";

    /// <summary>What else there is to say, never a secret. Up to 512 characters are kept.</summary>
    public string Detail { get; init; } = "";
}
