using System.Collections.Frozen;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>The stages of every method, composed once. Immutable and thread-safe.</summary>
public sealed class RpcPipeline
{
    private readonly FrozenDictionary<RpcMethod, RpcNext> _byMethod;

    public RpcPipeline(RpcCatalog catalog, IEnumerable<IRpcFilter> filters)
    {
        var ordered = filters.OrderBy(f => f.Order).ToArray();
        _byMethod = catalog.Services.SelectMany(s => s.Methods).ToFrozenDictionary(m => m, m => Compose(m, ordered));
    }

    /// <summary>
    /// Takes a call through its stages; afterwards <see cref="RpcCall.Error"/> tells how it ended. Never throws.
    /// </summary>
    public ValueTask RunAsync(RpcCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        ValueTask running;
        try
        {
            running = _byMethod[call.Method](call);
        }
        catch (Exception exception)
        {
            call.Fail(exception);
            call.End();
            return default;
        }

        if (!running.IsCompletedSuccessfully) return AwaitAsync(call, running);
        call.End();
        return default;
    }

    private static async ValueTask AwaitAsync(RpcCall call, ValueTask running)
    {
        try
        {
            await running;
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
        finally
        {
            call.End();
        }
    }

    private static RpcNext Compose(RpcMethod method, IRpcFilter[] filters)
    {
        RpcNext next = _ => throw new InvalidOperationException("No stage answered the call: the invocation stage is missing from the services. Call AddGranaryGateway.");
        foreach (var filter in filters.Where(f => f.Supports(method)).Reverse())
        {
            var rest = next;
            next = call => filter.InvokeAsync(call, rest);
        }

        return next;
    }
}
