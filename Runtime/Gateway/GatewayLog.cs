using Microsoft.Extensions.Logging;

namespace Granary.Gateway;

internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Debug, "A token was refused: {Reason}.")]
    public static partial void TokenRefused(ILogger log, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The keys of {Authority} could not be fetched. Those known before stay; without any, new tokens are answered Unavailable.")]
    public static partial void AuthorityUnreachable(ILogger log, string authority, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "The use of the API key {Id} could not be noted. {Problem}")]
    public static partial void UseNotNoted(ILogger log, string id, string problem);

    [LoggerMessage(3, LogLevel.Error, "{Method} failed for a reason its caller is not told. Trace {TraceId}.")]
    public static partial void CallFailed(ILogger log, string method, string traceId, Exception exception);

    [LoggerMessage(301, LogLevel.Warning, "Redis does not answer in time, so this gateway grants {Share:P1} of each shared rate limit by itself until it does. {Problem}")]
    public static partial void RateLimitsNotShared(ILogger log, double share, string problem);

    [LoggerMessage(302, LogLevel.Information, "Redis answers: rate limits are shared again, by {Gateways} gateways.")]
    public static partial void RateLimitsShared(ILogger log, int gateways);

    [LoggerMessage(303, LogLevel.Warning, "Rate limit policies are marked Shared, and there is no Redis: each gateway counts by itself. Set Granary:Redis:ConnectionString, or Shared to false.")]
    public static partial void RateLimitsAlone(ILogger log);

    [LoggerMessage(311, LogLevel.Warning, "The breaker of {Method} opens: {Failures} of {Calls} calls failed. Calls are refused for {Time}, then some are tried.")]
    public static partial void BreakerOpened(ILogger log, string method, int failures, int calls, TimeSpan time);

    [LoggerMessage(312, LogLevel.Warning, "The breaker of {Method} stays open: a call that was tried failed. Calls are refused for {Time} more.")]
    public static partial void BreakerStaysOpen(ILogger log, string method, TimeSpan time);

    [LoggerMessage(21, LogLevel.Error, "The configuration changed to something that cannot be, and what held before goes on to hold. {Faults}")]
    public static partial void ReloadRefused(ILogger log, string faults);

    [LoggerMessage(313, LogLevel.Information, "The breaker of {Method} closes.")]
    public static partial void BreakerClosed(ILogger log, string method);
}
