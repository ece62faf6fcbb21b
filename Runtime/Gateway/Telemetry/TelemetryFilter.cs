using System.Collections.Frozen;
using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway;

/// <summary>
/// Measures every call, names its span (ASP.NET Core's, which carries the caller's W3C trace context) and logs what callers are not told. The outermost stage: errors of all others arrive here.
/// </summary>
internal sealed class TelemetryFilter : IRpcFilter
{
    private static readonly string[] s_codes = [.. Enum.GetValues<StatusCode>().Select(RpcStatus.Name)];

    private readonly GatewayInstruments _instruments;
    private readonly ILogger<TelemetryFilter> _log;
    private readonly FrozenDictionary<RpcMethod, MethodActivity> _methods;

    public TelemetryFilter(GatewayInstruments instruments, ILogger<TelemetryFilter> log)
    {
        _instruments = instruments;
        _log = log;
        _methods = instruments.Methods.ToFrozenDictionary(m => m.Method);
    }

    public int Order => RpcStage.Telemetry;

    public bool Supports(RpcMethod method) => true;

    public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var activity = _methods[call.Method];
        var method = activity.Name;
        var span = Activity.Current;
        if (span is { IsAllDataRequested: true })
        {
            span.DisplayName = method;
            span.SetTag("rpc.system.name", "granary");
            span.SetTag("rpc.method", method);
            if (call.Method.Kind != RpcMethodKind.Unary) span.SetTag(RpcSpan.StreamTag, true);
        }

        activity.Begin();
        try
        {
            await next(call);
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }

        activity.End();
        var code = call.Error?.Code ?? StatusCode.Ok;
        var took = call.Time.GetElapsedTime(call.StartedAt);
        _instruments.Counts.CountEnd(took, code != StatusCode.Ok);
        if (_instruments.Duration.Enabled)
        {
            _instruments.Duration.Record(
                took.TotalSeconds,
                activity.Tag, new(RpcSpan.CodeTag, s_codes[(int)RpcStatus.Known(code)]), new("network.protocol.name", call.Protocol));
        }

        if (span is { IsAllDataRequested: true }) Finish(span, call, code);

        // The caller sees "internal error" and the trace's id; here is the rest of it.
        if (call.Error is { Code: StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss, InnerException: { } hidden }) GatewayLog.CallFailed(_log, method, call.TraceId, hidden);
    }

    private static void Finish(Activity span, RpcCall call, StatusCode code)
    {
        span.SetTag(RpcSpan.CodeTag, s_codes[(int)RpcStatus.Known(code)]);
        if (call.Request.KeyText is { } key) span.SetTag("granary.key", key);
        if (call.Error is { } error) RpcSpan.Fail(span, error);
    }
}
