using System.Runtime.ExceptionServices;
using Granary.Client.Wire;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Client.Calls;

/// <summary>The stream that a call answers with. Each enumeration is a call of its own; a slow one holds the server back. Disposing the enumerator early ends the call.</summary>
internal sealed class ReplyStream<TResult>(ClientRuntime runtime, RpcOutboundCall<TResult> call, byte[] first, CallOptions options, CancellationToken cancellation) : IAsyncEnumerable<TResult>
{
    public async IAsyncEnumerator<TResult> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, cancellationToken);
        GrpcExchange? exchange = null;
        try
        {
            using var scope = CallScope.Begin(runtime, call.Method, options, both.Token);
            scope.Status = StatusCode.Cancelled; // unless it is read to its end
            exchange = await runtime.OpenAsync(scope, call, first);
            while (await MoveAsync(exchange, scope) is { Item: var item, IsThere: true }) yield return item;
            scope.Status = StatusCode.Ok;
        }
        finally
        {
            if (exchange is not null)
            {
                if (options.Response is { } metadata) exchange.CopyMetadata(metadata);
                await exchange.DisposeAsync();
            }

            if (call.Items is { } items) await items.DisposeAsync();
        }
    }

    private async ValueTask<(TResult Item, bool IsThere)> MoveAsync(GrpcExchange exchange, CallScope scope)
    {
        try
        {
            return await exchange.ReadAsync(scope.Token) is { } message ? (ClientRuntime.Read(call, message.Span), true) : default;
        }
        catch (AttemptException failure)
        {
            ExceptionDispatchInfo.Throw(scope.Outcome(failure));
            return default;
        }
    }
}
