using System.Diagnostics;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Connect;

/// <summary>The Connect protocol, version 1 (https://connectrpc.com/docs/protocol), at the addresses of gRPC.</summary>
internal sealed class ConnectAdapter(RequestDelegate next, RpcAddresses addresses, CallServices services)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (addresses.Find(context.Request.Path.Value) is not { } address) return next(context);
        var request = context.Request;
        var headers = context.Response.Headers;
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace }) headers["traceparent"] = trace;
        headers.XContentTypeOptions = "nosniff";

        var method = address.Method;
        var isUnary = method.Kind == RpcMethodKind.Unary;
        var isGet = HttpMethods.IsGet(request.Method);
        var mayGet = isUnary && method.IsReadOnly;
        if (!(isGet && mayGet) && !HttpMethods.IsPost(request.Method))
        {
            headers.Allow = mayGet ? "GET, POST" : "POST";
            return ConnectCall.RefuseAsync(context, new RpcException(StatusCode.Unimplemented, $"{request.Method} does not work here; {headers.Allow} does"), 405);
        }

        var format = isGet ? null : ConnectContent.FormatOf(request.ContentType, out var isStream) is { } known && isStream != isUnary ? known : null;
        if (!isGet && format is null)
        {
            headers["Accept-Post"] = isUnary ? ConnectContent.UnaryTypes : ConnectContent.StreamTypes;
            return ConnectCall.RefuseAsync(context, new RpcException(StatusCode.Unimplemented, $"the body's Content-Type must be one of {headers["Accept-Post"]}"), 415);
        }

        if (request.Headers["Connect-Protocol-Version"] is { Count: > 0 } version && version != "1")
        {
            var error = RpcException.Invalid("Connect-Protocol-Version", $"'{version}' is not spoken here; 1 is");
            return ConnectCall.RefuseAsync(context, error, 400);
        }

        return isUnary ? CallAsync(new ConnectCall(context, method, format, services), address.Pipeline) : StreamAsync(new ConnectStream(context, method, format!, services), address.Pipeline);
    }

    private static Task CallAsync(ConnectCall call, RpcPipeline pipeline)
    {
        var running = pipeline.RunAsync(call);
        return running.IsCompletedSuccessfully ? call.FinishAsync() : AwaitAsync(call, running);

        static async Task AwaitAsync(ConnectCall call, ValueTask running)
        {
            await running;
            await call.FinishAsync();
        }
    }

    private static async Task StreamAsync(ConnectStream call, RpcPipeline pipeline)
    {
        await pipeline.RunAsync(call);
        await call.FinishAsync();
    }
}
