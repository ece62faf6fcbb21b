using Microsoft.Extensions.Logging;

namespace Granary.Gateway;

internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Debug, "A token was refused: {Reason}.")]
    public static partial void TokenRefused(ILogger log, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The keys of {Authority} could not be fetched; calls with new tokens are answered Unavailable until they can.")]
    public static partial void AuthorityUnreachable(ILogger log, string authority, Exception exception);

    [LoggerMessage(3, LogLevel.Error, "{Method} failed for a reason its caller is not told. Trace {TraceId}.")]
    public static partial void CallFailed(ILogger log, string method, string traceId, Exception exception);
}
