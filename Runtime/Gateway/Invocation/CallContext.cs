using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Gateway.Invocation;

/// <summary>Puts into the ambient context what travels with a call: who calls, the trace, and the headers the configuration lets through. Nothing else of a request gets there.</summary>
internal sealed class CallContext(IOptions<GatewayOptions> options, IRequestContextWriter? writer = null)
{
    private readonly string[] _headers = [.. options.Value.Metadata.Headers.Select(h => h.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];
    private readonly int _maxLength = options.Value.Metadata.ValueLength;

    public void Enter(RpcCall call)
    {
        RpcDeadline.Current = call.Deadline;
        var caller = call.Caller;
        var trace = call.TraceId;
        var values = new KeyValuePair<string, object>[trace.Length == 0 ? 1 : 2];

        // Also for an anonymous caller: a call without one is one from inside the cluster, which grains may trust.
        values[0] = new(RpcCaller.ContextKey, caller.SealedText());
        if (trace.Length > 0) values[1] = new(CallerIdentity.TraceKey, trace);
        Set(values);
        if (_headers.Length > 0) EnterHeaders(call);
    }

    private void EnterHeaders(RpcCall call)
    {
        List<KeyValuePair<string, object>>? values = null;
        foreach (var header in _headers)
        {
            if (call.GetHeader(header) is not { } value) continue;
            if (value.Length > _maxLength) throw RpcException.Invalid(header, $"longer than {_maxLength} characters");
            (values ??= []).Add(new(header, value));
        }

        if (values is not null) Set([.. values]);
    }

    private void Set(KeyValuePair<string, object>[] values)
    {
        if (writer is not null)
        {
            writer.Set(values);
            return;
        }

        foreach (var (key, value) in values) RequestContext.Set(key, value);
    }
}
