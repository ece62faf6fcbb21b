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
        var values = new KeyValuePair<string, object>[2 + (caller.Tenant is null ? 0 : 1) + (caller.Region is null ? 0 : 1) + (trace.Length == 0 ? 0 : 1)];
        var count = 0;

        // Also for an anonymous caller: a call without a subject is one from inside the cluster, which grains may trust.
        values[count++] = new(CallerIdentity.SubjectKey, caller.Subject);
        values[count++] = new(CallerIdentity.RolesKey, caller.RolesText);
        if (caller.Tenant is not null) values[count++] = new(CallerIdentity.TenantKey, caller.Tenant);
        if (caller.Region is not null) values[count++] = new(CallerIdentity.RegionKey, caller.Region);
        if (trace.Length > 0) values[count] = new(CallerIdentity.TraceKey, trace);
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
