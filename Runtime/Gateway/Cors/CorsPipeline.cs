using Microsoft.AspNetCore.Builder;

namespace Granary.Gateway.Cors;

/// <summary>Puts the framework's CORS in front of everything, where the configuration names origins.</summary>
internal static class CorsPipeline
{
    /// <summary>What a page may read besides the few headers that it always may.</summary>
    private static readonly string[] s_exposed =
    [
        "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-encoding", "grpc-accept-encoding", "connect-content-encoding", "connect-accept-encoding",
        "traceparent", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "Deprecation", "Sunset", "Idempotency-Replayed",
    ];

    public static void UseCors(this IApplicationBuilder app, CorsOptions options)
    {
        if (options.Origins.Count == 0) return;
        app.UseCors(policy =>
        {
            if (options.Origins.Contains("*")) policy.AllowAnyOrigin();
            else policy.WithOrigins([.. options.Origins]);
            if (options.Credentials) policy.AllowCredentials();
            policy.AllowAnyHeader().AllowAnyMethod().WithExposedHeaders(s_exposed).SetPreflightMaxAge(options.Remember);
        });
    }

    /// <summary>What is wrong with an origin, or null.</summary>
    public static string? Problem(string origin)
    {
        if (origin == "*") return null;
        return Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin.TrimEnd('/') && !origin.EndsWith('/')
            ? null
            : "an origin is scheme, host and port, such as https://app.example.com, or *";
    }
}
