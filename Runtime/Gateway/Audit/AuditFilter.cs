using System.Diagnostics;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Granary.Gateway.Audit;

/// <summary>
/// Records every action under <c>/admin</c> that is not only a question (GET, HEAD, OPTIONS): no controller has to remember to. Add it to MVC's filters. It stands outside of the checks of the body, so that
/// refused attempts are recorded too.
/// </summary>
public sealed class AuditFilter(IAuditLog audit) : IAsyncActionFilter, IOrderedFilter
{
    /// <inheritdoc/>
    public int Order => int.MinValue;

    /// <inheritdoc/>
    public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        if (IsQuestion(http.Request.Method) || !http.Request.Path.StartsWithSegments("/admin", StringComparison.OrdinalIgnoreCase))
        {
            await next();
            return;
        }

        var action = (ControllerActionDescriptor)context.ActionDescriptor;
        var named = action.MethodInfo.GetCustomAttributes(typeof(AuditAttribute), inherit: false).OfType<AuditAttribute>().FirstOrDefault();
        var name = named?.Action ?? $"{action.ControllerName}.{action.ActionName}".ToLowerInvariant();
        if (named is { Closed: true }) await audit.RecordAsync(Entry(http, name, AuditEntry.Begun), http.RequestAborted);
        var done = await next();
        var code = done.Exception is null || done.ExceptionHandled ? StatusCode.Ok : RpcStatus.ToRpcException(done.Exception).Code;
        if (code == StatusCode.Ok && (done.Canceled || http.Response.StatusCode >= 400)) code = StatusCode.InvalidArgument;
        try
        {
            // Also when the caller has gone meanwhile: it has been done.
            await audit.RecordAsync(Entry(http, name, RpcStatus.Name(code)), CancellationToken.None);
        }
        catch (RpcException)
        {
            // It has been done and cannot be taken back; the log says that the entry is missing.
        }
    }

    private static bool IsQuestion(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static AuditEntry Entry(HttpContext http, string action, string result)
    {
        var note = http.Features.Get<AuditNote>();
        return new AuditEntry(action, note?.Target ?? string.Join('/', http.Request.RouteValues.Where(v => v.Key is not ("controller" or "action")).Select(v => v.Value)), result)
        {
            Actor = http.User.FindFirst("sub")?.Value ?? "",
            Address = http.Connection.RemoteIpAddress?.ToString() ?? "",
            TraceId = Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.TraceId.ToHexString() : http.TraceIdentifier,
            Detail = note?.Detail ?? "",
        };
    }
}

/// <summary>What an action tells the audit log about itself.</summary>
/// <param name="Target">What it is done to, when the address does not say so.</param>
/// <param name="Detail">What else; never a secret.</param>
internal sealed record AuditNote(string? Target, string Detail);

/// <summary>Adds to the entry of the action that runs.</summary>
public static class AuditNotes
{
    /// <summary>Says what the action is done to, and what else there is to say of it; never a secret.</summary>
    public static void NoteForAudit(this HttpContext http, string? target, string detail = "")
    {
        ArgumentNullException.ThrowIfNull(http);
        http.Features.Set(new AuditNote(target, detail));
    }
}
