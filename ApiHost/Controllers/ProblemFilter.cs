using Granary.Gateway.Http;
using Granary.Rpc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Granary.ApiHost.Controllers;

/// <summary>
/// Answers what went wrong in a controller as the gateway answers calls: with the code and text that callers may see. What is our own fault is left to the gateway, which logs it.
/// </summary>
internal sealed class ProblemFilter : IAsyncExceptionFilter
{
    public async Task OnExceptionAsync(ExceptionContext context)
    {
        var error = RpcStatus.ToRpcException(context.Exception);
        if (error.Code is StatusCode.Internal or StatusCode.Unknown) return;
        await HttpProblem.WriteAsync(context.HttpContext, error);
        context.ExceptionHandled = true;
    }
}
