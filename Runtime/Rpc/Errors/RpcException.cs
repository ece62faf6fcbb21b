namespace Granary.Rpc;

/// <summary>
/// The error a grain throws to tell its caller something: code, message, field violations and metadata cross every hop and every protocol unchanged.
/// Any other exception reaches callers outside the cluster as <see cref="StatusCode.Internal"/> without its text.
/// </summary>
public sealed class RpcException : Exception
{
    public RpcException(StatusCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The code; never <see cref="StatusCode.Ok"/>.</summary>
    public StatusCode Code { get; }

    /// <summary>Which fields of the request are wrong, and why (<c>google.rpc.BadRequest</c>).</summary>
    public IReadOnlyList<FieldViolation> Violations { get; init; } = [];

    /// <summary>Machine-readable reason, upper snake case (<c>google.rpc.ErrorInfo.reason</c>), or null.</summary>
    public string? Reason { get; init; }

    /// <summary>Small facts about the error (<c>google.rpc.ErrorInfo.metadata</c>). Visible to callers: no secrets.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty;

    /// <summary>When the caller may try again (<c>google.rpc.RetryInfo</c>), or null.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>An <see cref="StatusCode.InvalidArgument"/> error about one field.</summary>
    public static RpcException Invalid(string field, string description) =>
        new(StatusCode.InvalidArgument, $"{field}: {description}") { Violations = [new FieldViolation(field, description)] };
}

/// <summary>One wrong field of a request.</summary>
/// <param name="Field">The path of the field in the request, for example <c>lines[2].quantity</c>.</param>
/// <param name="Description">What is wrong and what is accepted.</param>
public sealed record FieldViolation(string Field, string Description);
