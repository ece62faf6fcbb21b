using System.Diagnostics;
using Granary.Calls;
using Granary.Engine.Routing;
using Granary.Rpc;

namespace Granary.Engine;

/// <summary>Spans of grain calls: the source name is the one official Orleans uses for application requests.</summary>
internal static class EngineTelemetry
{
    internal static readonly ActivitySource Source = new("Microsoft.Orleans.Application", "1.0.0");

    static EngineTelemetry() => RpcTrace.FindBy(static () => (SynchronizationContext.Current as CallTarget)?.Request?.TraceParent ?? default);

    /// <summary>A call made on a grain's turn belongs to the trace of the call that the turn is for, also where nobody collects traces and there is no activity to say so.</summary>
    internal static void Inherit(Call call, CallTarget caller)
    {
        if (call.TraceParent.TraceId == default && caller.Request is { } outer && outer.TraceParent.TraceId != default) call.TraceParent = outer.TraceParent;
    }

    /// <summary>Whether a call has spans: not the cluster's own business, and not the batches that a stream is fetched in.</summary>
    internal static bool HasSpans(Call call) => !call.Method.Interface.IsInternal && (call.Method.Flags & CallFlags.Engine) == 0 && !SystemGrains.IsSystem(call.TargetId);

    /// <summary>Tags of OpenTelemetry's RPC conventions, and the grain.</summary>
    internal static void Describe(Activity span, Call call)
    {
        if (!span.IsAllDataRequested) return;
        span.SetTag("rpc.system", "orleans");
        span.SetTag("rpc.service", call.Method.Interface.Name);
        span.SetTag("rpc.method", call.Method.Name);
        span.SetTag("rpc.orleans.target_id", call.TargetId.ToString());
        if (call.Method.HasStreamArgument || (call.Method.Flags & CallFlags.Stream) != 0) span.SetTag(RpcSpan.StreamTag, true);
        if (!call.SourceId.IsDefault) span.SetTag("rpc.orleans.source_id", call.SourceId.ToString());
    }

    /// <summary>Ends a call's span with its outcome.</summary>
    internal static void End(Activity span, Exception? error)
    {
        if (error is not null) RpcSpan.Fail(span, error);
        span.Stop();
    }
}
