using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>
/// The span of one attempt at a call that may be made several times: by a retry, one after another, or by a hedge, at once. Each is a child of the call's span and the parent of what it does in grains
/// (as in gRFC A72). A call that can have one attempt only needs none, and one whose trace records nothing pays for a test.
/// </summary>
internal static class AttemptSpan
{
    internal static bool IsWanted(RpcCall call) =>
        call.Method is { Kind: RpcMethodKind.Unary, IsRepeatable: true, IsOneWay: false } && GatewayTelemetry.Source.HasListeners() && Activity.Current is { IsAllDataRequested: true };

    internal static Func<RpcRequest, CancellationToken, ValueTask> Around(RpcCall call, Func<RpcRequest, CancellationToken, ValueTask> attempt) =>
        (request, cancellation) => RunAsync(call, attempt, request, cancellation);

    // A hedge begins its attempts one after another, so their numbers need no lock.
    internal static async ValueTask RunAsync(RpcCall call, Func<RpcRequest, CancellationToken, ValueTask> attempt, RpcRequest request, CancellationToken cancellation)
    {
        var number = ++call.Attempts;
        using var span = GatewayTelemetry.Source.StartActivity("attempt", ActivityKind.Internal);
        if (span is { IsAllDataRequested: true })
        {
            span.DisplayName = $"Attempt {call.Method}";
            span.SetTag("granary.attempt", number);
        }

        try
        {
            await attempt(request, cancellation);
        }
        catch (Exception error)
        {
            if (span is not null) RpcSpan.Fail(span, error);
            throw;
        }
    }
}
