using System.Collections.Immutable;
using Orleans;

namespace Granary.Rpc;

/// <summary>
/// The error a grain throws to tell its caller something: code, message, field violations and metadata cross every hop and every protocol unchanged.
/// Any other exception reaches callers outside the cluster as <see cref="StatusCode.Internal"/> without its text.
/// </summary>
[GenerateSerializer]
public sealed class RpcException : Exception
{
    /// <param name="code">Any code but <see cref="StatusCode.Ok"/>, which becomes <see cref="StatusCode.Unknown"/>: an exception is no success.</param>
    /// <param name="message">What the caller reads. Visible outside the cluster: no secrets.</param>
    /// <param name="inner">Kept for logs; it does not leave the process.</param>
    public RpcException(StatusCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code == StatusCode.Ok ? StatusCode.Unknown : code;

    /// <summary>The code; never <see cref="StatusCode.Ok"/>.</summary>
    [Id(0)]
    public StatusCode Code { get; }

    /// <summary>Which fields of the request are wrong, and why (<c>google.rpc.BadRequest</c>).</summary>
    [Id(1)]
    public IReadOnlyList<FieldViolation> Violations
    {
        get;

        // Types that every serializer knows, and that nobody changes later.
        init => field = value.ToImmutableArray();
    } = ImmutableArray<FieldViolation>.Empty;

    /// <summary>Machine-readable reason, upper snake case (<c>google.rpc.ErrorInfo.reason</c>), or null.</summary>
    [Id(2)]
    public string? Reason { get; init; }

    /// <summary>Small facts about the error (<c>google.rpc.ErrorInfo.metadata</c>). Visible to callers: no secrets.</summary>
    [Id(3)]
    public IReadOnlyDictionary<string, string> Metadata
    {
        get;
        init => field = value.ToImmutableDictionary();
    } = ImmutableDictionary<string, string>.Empty;

    /// <summary>When the caller may try again (<c>google.rpc.RetryInfo</c>), or null.</summary>
    [Id(4)]
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>An <see cref="StatusCode.InvalidArgument"/> error about one field.</summary>
    public static RpcException Invalid(string field, string description) =>
        new(StatusCode.InvalidArgument, $"{field}: {description}") { Violations = [new FieldViolation(field, description)] };
}

/// <summary>One wrong field of a request.</summary>
/// <param name="Field">The path of the field in the request, for example <c>lines[2].quantity</c>.</param>
/// <param name="Description">What is wrong and what is accepted.</param>
[GenerateSerializer]
[Immutable]
public sealed record FieldViolation([property: Id(0)] string Field, [property: Id(1)] string Description);
