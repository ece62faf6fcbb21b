using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Telemetry.Prometheus;

/// <summary>The scrape endpoint.</summary>
public static class MetricsEndpointExtensions
{
    /// <summary>
    /// Serves all metrics by GET, as Prometheus text or, for those who accept it, as OpenMetrics (with units and exemplars).
    /// Who may scrape is for the caller of this method to say, by the conventions of the endpoint.
    /// </summary>
    public static IEndpointConventionBuilder MapGranaryMetrics(this IEndpointRouteBuilder endpoints, string pattern = "/metrics")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var exporter = endpoints.ServiceProvider.GetRequiredService<PrometheusExporter>();
        return endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], context => AnswerAsync(context, exporter)).WithDisplayName("Metrics");
    }

    private static async Task AnswerAsync(HttpContext context, PrometheusExporter exporter)
    {
        if (exporter.Collect is null)
        {
            // OTEL_SDK_DISABLED
            await Results.Text("Metrics are switched off in this process: OTEL_SDK_DISABLED is true.", statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context);
            return;
        }

        var format = ExpositionFormats.Negotiate(context.Request);
        using var text = await exporter.ScrapeAsync(format, context.RequestAborted);
        var response = context.Response;
        response.ContentType = format.ContentType();
        response.ContentLength = text.Written.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.Vary = "Accept";
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(text.Written, context.RequestAborted);
    }
}
