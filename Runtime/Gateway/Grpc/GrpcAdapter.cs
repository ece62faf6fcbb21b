using System.Diagnostics;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Grpc;

/// <summary>
/// gRPC and gRPC-Web: every request of their content types is theirs, whatever its path. All answers are gRPC's, but for what is no gRPC request at all (405, 415, 426).
/// </summary>
internal sealed class GrpcAdapter(RequestDelegate next, RpcAddresses addresses, CallServices services)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var form = GrpcContent.FormOf(request.ContentType);
        if (form == GrpcForm.None) return next(context);
        var headers = context.Response.Headers;
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace }) headers["traceparent"] = trace;
        if (!HttpMethods.IsPost(request.Method))
        {
            headers.Allow = "POST";
            return RefuseHttp(context, 405, "gRPC calls are sent by POST");
        }

        if (form == GrpcForm.Unknown) return RefuseHttp(context, 415, $"the messages of gRPC calls are protobuf: send them as {GrpcContent.Http2}, {GrpcContent.Web} or {GrpcContent.WebText}");
        if (form == GrpcForm.Http2 && !HttpProtocol.IsHttp2(request.Protocol) && !HttpProtocol.IsHttp3(request.Protocol))
        {
            headers.Upgrade = "h2c";
            return RefuseHttp(context, 426, "gRPC needs HTTP/2; over HTTP/1.1 there is gRPC-Web");
        }

        if (addresses.Find(request.Path.Value) is not { } address)
        {
            GrpcCall.RefuseOnly(context.Response, form, new RpcException(StatusCode.Unimplemented, addresses.Explain(request.Path.Value)));
            return Task.CompletedTask;
        }

        var call = new GrpcCall(context, address.Method, form, services);
        var running = address.Pipeline.RunAsync(call);
        if (!running.IsCompletedSuccessfully) return AwaitAsync(call, running);
        var finishing = call.FinishAsync();
        return finishing.IsCompletedSuccessfully ? Task.CompletedTask : finishing.AsTask();
    }

    private static async Task AwaitAsync(GrpcCall call, ValueTask running)
    {
        await running;
        await call.FinishAsync();
    }

    // For people and proxies; a client of gRPC makes of the status what it can.
    private static Task RefuseHttp(HttpContext context, int status, string problem) => HttpProblem.WriteAsync(context, new RpcException(StatusCode.Unimplemented, problem), status);
}
