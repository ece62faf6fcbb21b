using Granary.Rpc;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Gateway.Invocation;

/// <summary>Puts into the ambient context what travels with a call: who calls, the trace, and the headers the configuration lets through. Nothing else of a request gets there.</summary>
internal sealed class CallContext(IOptions<GatewayOptions> options)
{
    private readonly string[] _headers = [.. options.Value.Metadata.Headers.Select(h => h.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];
    private readonly int _maxLength = options.Value.Metadata.ValueLength;

    public void Enter(RpcCall call)
    {
        RpcDeadline.Current = call.Deadline;
        var caller = call.Caller;

        // Also for an anonymous caller: a call without a subject is one from inside the cluster, which grains may trust.
        RequestContext.Set(CallerIdentity.SubjectKey, caller.Subject);
        RequestContext.Set(CallerIdentity.RolesKey, caller.RolesText);
        if (caller.Tenant is not null) RequestContext.Set(CallerIdentity.TenantKey, caller.Tenant);
        if (caller.Region is not null) RequestContext.Set(CallerIdentity.RegionKey, caller.Region);
        if (call.TraceId is { Length: > 0 } trace) RequestContext.Set(CallerIdentity.TraceKey, trace);
        foreach (var header in _headers)
        {
            if (call.GetHeader(header) is not { } value) continue;
            if (value.Length > _maxLength) throw RpcException.Invalid(header, $"longer than {_maxLength} characters");
            RequestContext.Set(header, value);
        }
    }
}
