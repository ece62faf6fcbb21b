using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Granary.Telemetry.Prometheus;

/// <summary>The two text forms a scraper may ask for.</summary>
internal enum ExpositionFormat
{
    /// <summary>Prometheus text, version 0.0.4: what everything reads.</summary>
    Text,

    /// <summary>OpenMetrics 1.0.0: the same with units and exemplars.</summary>
    OpenMetrics,
}

/// <summary>Content negotiation between them.</summary>
internal static class ExpositionFormats
{
    /// <summary>The <c>Content-Type</c> of a format.</summary>
    internal static string ContentType(this ExpositionFormat format) => format == ExpositionFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>What the request prefers. Text when it does not say, or asks for what there is not: a scrape that can be read beats a 406.</summary>
    internal static ExpositionFormat Negotiate(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)) return ExpositionFormat.Text;
        double openMetrics = 0, text = 0;
        foreach (var type in accepted)
        {
            var quality = type.Quality ?? 1;
            if (Is(type, "application/openmetrics-text", "1.0.0"))
            {
                openMetrics = Math.Max(openMetrics, quality);
            }
            else if (Is(type, "text/plain", "0.0.4"))
            {
                text = Math.Max(text, quality);
            }
        }

        return openMetrics > 0 && openMetrics >= text ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
    }

    private static bool Is(MediaTypeHeaderValue type, string name, string version)
    {
        if (!type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase)) return false;
        foreach (var parameter in type.Parameters)
        {
            if (parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase)) return parameter.GetUnescapedValue().Equals(version, StringComparison.Ordinal);
        }

        return true;
    }
}
