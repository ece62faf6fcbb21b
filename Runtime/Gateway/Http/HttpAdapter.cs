using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Http;

/// <summary>
/// HTTP/JSON. A middleware of its own and not endpoints, since it needs neither route values nor binding; requests for other addresses go on to the next one.
/// </summary>
internal sealed class HttpAdapter
{
    private readonly RequestDelegate _next;
    private readonly HttpRouteTable _routes;
    private readonly RpcPipeline _pipeline;
    private readonly GatewayOptions _options;
    private readonly GatewayInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;

    public HttpAdapter(
        RequestDelegate next,
        HttpRouteTable routes,
        RpcPipeline pipeline,
        IOptions<GatewayOptions> options,
        GatewayInstruments instruments,
        TimeProvider time,
        IHostApplicationLifetime lifetime)
    {
        _next = next;
        _routes = routes;
        _pipeline = pipeline;
        _options = options.Value;
        _instruments = instruments;
        _time = time;
        _stopping = lifetime.ApplicationStopping;
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var version = request.Headers["Api-Version"];
        if (!_routes.TryMatch(request.Method, HttpHead.PathOf(context), version.Count == 0 ? null : version.ToString(), out var match)) return _next(context);

        HttpHead.Begin(context.Response);
        if (match.Route is null) return RefuseAsync(context, match);

        var call = new HttpCall(context, match, _options, _instruments, _time, _stopping);
        var running = _pipeline.RunAsync(call);
        return running.IsCompletedSuccessfully && match.Route.Method.Kind is RpcMethodKind.Unary ? FinishAsync(context, call) : AwaitAsync(context, call, running);
    }

    private static Task RefuseAsync(HttpContext context, in RouteMatch match)
    {
        if (match.Allow is not null)
        {
            context.Response.Headers.Allow = match.Allow;
            if (HttpMethods.IsOptions(context.Request.Method))
            {
                context.Response.StatusCode = 204;
                return Task.CompletedTask;
            }
        }

        var code = match.Status switch { 404 => StatusCode.NotFound, 405 => StatusCode.Unimplemented, _ => StatusCode.InvalidArgument };
        return HttpProblem.WriteAsync(context, new RpcException(code, match.Problem!), match.Status);
    }

    private static async Task AwaitAsync(HttpContext context, HttpCall call, ValueTask running)
    {
        await running;
        await call.StopItemsAsync();
        await FinishAsync(context, call);
    }

    private static Task FinishAsync(HttpContext context, HttpCall call)
    {
        if (call.Error is not { } error) return Task.CompletedTask;
        return HttpProblem.WriteAsync(context, error, call.ErrorStatus);
    }
}
