using Granary.Gateway.Grpc;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Blocking;

/// <summary>
/// Refuses who is blocked by address or program, whatever the request is for, before a byte of its body is read. It stands before the protocols, and so answers in few words: a problem document, to gRPC a status in
/// the headers. Subjects are known later (<see cref="CallerGate"/>).
/// </summary>
internal sealed class BlockingMiddleware(RequestDelegate next, BlockList blocks, GatewayInstruments instruments)
{
    public Task InvokeAsync(HttpContext context) =>
        blocks.RefusalOf(context.Connection.RemoteIpAddress, context.Request.Headers.UserAgent) is { } blocked ? RefuseAsync(context, blocked.Error, blocked.Kind) : next(context);

    private Task RefuseAsync(HttpContext context, RpcException error, string kind)
    {
        instruments.Refuse(kind);
        var type = context.Request.ContentType;
        if (type is null || !type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)) return HttpProblem.WriteAsync(context, error);
        context.Response.ContentType = type;
        GrpcStatus.Write(context.Response.Headers, error);
        return Task.CompletedTask;
    }
}
