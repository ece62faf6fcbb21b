using System.Diagnostics;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>The span of a call that shares its connection's request with others: a trace of its own, linked to the request's.</summary>
internal static class CallSpan
{
    /// <summary>Begins it and makes it the current one, until it is disposed of.</summary>
    public static Activity Begin(RpcMethod method, ActivityContext connection)
    {
        Activity.Current = null;
        ActivityLink[] links = connection == default ? [] : [new ActivityLink(connection)];

        // Also when nobody listens: its id is what ties an answer to the log.
        return GatewayTelemetry.Source.StartActivity(method.ToString(), ActivityKind.Server, default(ActivityContext), links: links)
            ?? new Activity(method.ToString()).SetIdFormat(ActivityIdFormat.W3C).Start();
    }
}
