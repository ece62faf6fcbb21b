using System.Collections.Frozen;
using Granary.Codec;

namespace Granary.Rpc;

/// <summary>
/// What the codes are called and mapped to in each protocol, and which code an exception is. Sources: <c>google/rpc/code.proto</c> for HTTP,
/// gRPC's <c>http-grpc-status-mapping.md</c> for the way back, the Connect protocol for its names.
/// </summary>
public static class RpcStatus
{
    private static readonly (string Name, string Connect, int Http)[] s_codes =
    [
        ("OK", "ok", 200),
        ("CANCELLED", "canceled", 499),
        ("UNKNOWN", "unknown", 500),
        ("INVALID_ARGUMENT", "invalid_argument", 400),
        ("DEADLINE_EXCEEDED", "deadline_exceeded", 504),
        ("NOT_FOUND", "not_found", 404),
        ("ALREADY_EXISTS", "already_exists", 409),
        ("PERMISSION_DENIED", "permission_denied", 403),
        ("RESOURCE_EXHAUSTED", "resource_exhausted", 429),
        ("FAILED_PRECONDITION", "failed_precondition", 400),
        ("ABORTED", "aborted", 409),
        ("OUT_OF_RANGE", "out_of_range", 400),
        ("UNIMPLEMENTED", "unimplemented", 501),
        ("INTERNAL", "internal", 500),
        ("UNAVAILABLE", "unavailable", 503),
        ("DATA_LOSS", "data_loss", 500),
        ("UNAUTHENTICATED", "unauthenticated", 401),
    ];

    private static readonly FrozenDictionary<string, StatusCode> s_byName = s_codes
        .SelectMany((c, i) => new[] { (Name: c.Name, Code: (StatusCode)i), (Name: c.Connect, Code: (StatusCode)i) })
        .DistinctBy(c => c.Name)
        .ToFrozenDictionary(c => c.Name, c => c.Code);

    // By name, since which assembly has them depends on the engine. The texts are ours: those of the exceptions may name machines.
    private static readonly FrozenDictionary<string, (StatusCode Code, string Message)> s_byException = new Dictionary<string, (StatusCode, string)>
    {
        ["LimitExceededException"] = (StatusCode.ResourceExhausted, Overloaded),
        ["GatewayTooBusyException"] = (StatusCode.ResourceExhausted, Overloaded),
        ["SiloUnavailableException"] = (StatusCode.Unavailable, Away),
        ["OrleansMessageRejectionException"] = (StatusCode.Unavailable, Away),
        ["ConnectionFailedException"] = (StatusCode.Unavailable, Away),
        ["InconsistentStateException"] = (StatusCode.Aborted, "the state was changed by another call at the same time; read it again and retry"),
    }.ToFrozenDictionary();

    private const string Overloaded = "too much is being asked of this grain or silo; try again later";
    private const string Away = "the service is unavailable at the moment; try again";

    /// <summary>The HTTP status of a code; 500 for a number that is no code.</summary>
    public static int ToHttp(StatusCode code) => IsDefined(code) ? s_codes[(int)code].Http : 500;

    /// <summary>The code of an HTTP status that came from something that does not speak our protocols, such as a proxy on the way.</summary>
    public static StatusCode FromHttp(int status) => status switch
    {
        >= 200 and < 300 => StatusCode.Ok,
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>The name in protobuf and problem documents: <c>INVALID_ARGUMENT</c>.</summary>
    public static string Name(StatusCode code) => s_codes[(int)Known(code)].Name;

    /// <summary>The name in the Connect protocol: <c>invalid_argument</c>; note <c>canceled</c>.</summary>
    public static string ConnectName(StatusCode code) => s_codes[(int)Known(code)].Connect;

    /// <summary>The code of either name.</summary>
    public static bool TryParse(string name, out StatusCode code) => s_byName.TryGetValue(name, out code);

    /// <summary>The code, or <see cref="StatusCode.Unknown"/> for a number that is none.</summary>
    public static StatusCode Known(StatusCode code) => IsDefined(code) ? code : StatusCode.Unknown;

    /// <summary>The code of an exception and the text that callers outside the cluster may see. An unknown exception's own text is never that.</summary>
    public static (StatusCode Code, string Message) Describe(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        switch (exception)
        {
            case RpcException rpc:
                return (rpc.Code, rpc.Message);
            case TimeoutException:
                return (StatusCode.DeadlineExceeded, "the deadline passed before the call ended");
            case OperationCanceledException:
                return (StatusCode.Cancelled, "the call was cancelled");
            case JsonFieldException or WireFormatException:
                return (StatusCode.InvalidArgument, exception.Message);
            case AggregateException { InnerExceptions: [var only] }:
                return Describe(only);
        }

        for (var type = exception.GetType(); type is not null && type != typeof(Exception); type = type.BaseType)
        {
            if (type.Namespace is { } space && (space == "Orleans" || space.StartsWith("Orleans.", StringComparison.Ordinal)) && s_byException.TryGetValue(type.Name, out var known))
                return known;
        }

        return (StatusCode.Internal, "internal error");
    }

    /// <summary>The exception itself if it is an <see cref="RpcException"/>, otherwise one with its code and public text around it. A field's error keeps the field.</summary>
    public static RpcException ToRpcException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception is RpcException rpc) return rpc;
        if (exception is AggregateException { InnerExceptions: [var only] }) return ToRpcException(only);
        var (code, message) = Describe(exception);
        return new RpcException(code, message, exception)
        {
            Violations = exception is JsonFieldException { Path.Length: > 0 } field ? [new FieldViolation(field.Path, field.Problem)] : [],
        };
    }

    /// <summary>A new exception like <see cref="ToRpcException"/>'s, to throw where the original belongs to another thread.</summary>
    internal static RpcException Rethrown(Exception exception)
    {
        var rpc = ToRpcException(exception);
        return new RpcException(rpc.Code, rpc.Message, exception) { Violations = rpc.Violations, Reason = rpc.Reason, Metadata = rpc.Metadata, RetryAfter = rpc.RetryAfter };
    }

    private static bool IsDefined(StatusCode code) => (uint)code < (uint)s_codes.Length;
}
