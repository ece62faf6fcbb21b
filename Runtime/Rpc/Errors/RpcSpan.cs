using System.Diagnostics;

namespace Granary.Rpc;

/// <summary>
/// How the outcome of a call is told in its span: by the names of OpenTelemetry's conventions for RPC and exceptions, and without secrets. What leaves the process is what callers may see
/// (<see cref="RpcStatus.Describe"/>), the exception's type and the methods it came through; its own text is in the log, under the trace's id.
/// </summary>
public static class RpcSpan
{
    /// <summary>The tag with the code's name, for example <c>UNAVAILABLE</c>.</summary>
    public const string CodeTag = "rpc.response.status_code";

    /// <summary>The tag, <c>true</c>, of calls with a stream: their length says nothing about their health.</summary>
    public const string StreamTag = "granary.stream";

    private const int MaxStack = 4096;

    /// <summary>Whether a code says that a server failed, and not that its caller asked for something that cannot be: only those make a span an error.</summary>
    public static bool IsFault(StatusCode code) =>
        code is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;

    /// <summary>Records a failure, if the span records anything.</summary>
    public static void Fail(Activity span, Exception error)
    {
        ArgumentNullException.ThrowIfNull(span);
        ArgumentNullException.ThrowIfNull(error);
        if (!span.IsAllDataRequested) return;
        var (code, message) = RpcStatus.Describe(error);
        var name = RpcStatus.Name(code);
        span.SetTag(CodeTag, name);
        if (!IsFault(code)) return;
        span.SetStatus(ActivityStatusCode.Error, message);
        span.SetTag("error.type", name);

        var cause = error is RpcException { InnerException: { } inner } ? inner : error;
        var tags = new ActivityTagsCollection { ["exception.type"] = cause.GetType().FullName, ["exception.message"] = message };
        if (cause.StackTrace is { Length: > 0 } stack) tags["exception.stacktrace"] = stack.Length > MaxStack ? stack[..MaxStack] : stack;
        span.AddEvent(new ActivityEvent("exception", tags: tags));
    }
}
