using System.Diagnostics;
using Granary.Calls;

namespace Granary.Engine;

/// <summary>Spans of grain calls: the source name is the one official Orleans uses for application requests.</summary>
internal static class EngineTelemetry
{
    internal static readonly ActivitySource Source = new("Microsoft.Orleans.Application", "1.0.0");

    /// <summary>Tags of OpenTelemetry's RPC conventions, and the grain.</summary>
    internal static void Describe(Activity span, Call call)
    {
        if (!span.IsAllDataRequested) return;
        span.SetTag("rpc.system", "orleans");
        span.SetTag("rpc.service", call.Method.Interface.Name);
        span.SetTag("rpc.method", call.Method.Name);
        span.SetTag("rpc.orleans.target_id", call.TargetId.ToString());
        if (!call.SourceId.IsDefault) span.SetTag("rpc.orleans.source_id", call.SourceId.ToString());
    }

    /// <summary>Ends a call's span with its outcome.</summary>
    internal static void End(Activity span, Exception? error)
    {
        if (error is not null)
        {
            span.SetStatus(ActivityStatusCode.Error, error.Message);
            if (span.IsAllDataRequested) span.AddException(error);
        }

        span.Stop();
    }
}
