using Granary.Client.Endpoints;
using Microsoft.Extensions.Logging;

namespace Granary.Client;

/// <summary>What the client logs. No headers and no tokens.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Endpoint} cannot be reached, and is left out until a probe finds it well")]
    public static partial void EndpointLeftOut(ILogger log, Endpoint endpoint);

    [LoggerMessage(2, LogLevel.Information, "{Endpoint} is back")]
    public static partial void EndpointBack(ILogger log, Endpoint endpoint);

    [LoggerMessage(3, LogLevel.Debug, "The one-way call {Method} failed")]
    public static partial void PostFailed(ILogger log, string method, Exception error);
}
