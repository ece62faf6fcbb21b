using Granary.Gateway.Http;
using Granary.Rpc;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Granary.ApiHost.Controllers;

/// <summary>Answers a body that MVC could not read as the gateway answers such calls: every wrong field by its name.</summary>
internal sealed class BodyProblem(ModelStateDictionary state) : IActionResult
{
    public Task ExecuteResultAsync(ActionContext context) => HttpProblem.WriteAsync(
        context.HttpContext,
        new RpcException(StatusCode.InvalidArgument, "the body is not what this address accepts")
        {
            Violations = [.. state.Where(entry => entry.Value?.Errors.Count > 0).Select(entry => new FieldViolation(Field(entry.Key), "is missing, unknown here, or of another type"))],
        });

    /// <summary>MVC writes JSON paths: <c>$.minutes</c>.</summary>
    private static string Field(string key) => key is "" or "$" ? "body" : key.StartsWith("$.", StringComparison.Ordinal) ? key[2..] : key;
}
