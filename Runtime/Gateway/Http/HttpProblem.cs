using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Granary.Gateway.Idempotency;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Http;

/// <summary>Errors as problem documents (RFC 9457) with the members <c>code</c>, <c>traceId</c> and, for wrong fields, <c>errors</c>.</summary>
public static class HttpProblem
{
    private const string ContentType = "application/problem+json";

    /// <summary>Answers a request with an error. Does nothing when the response has begun.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">The error, in words that the caller may see.</param>
    /// <param name="status">The HTTP status, where it is not the one of the error's code; 0 for that one.</param>
    public static Task WriteAsync(HttpContext context, RpcException error, int status = 0)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(error);
        var response = context.Response;
        if (response.HasStarted) return Task.CompletedTask;
        if (status == 0) status = error.Reason == IdempotencyFilter.KeyReused ? 422 : RpcStatus.ToHttp(error.Code);
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        if (status == 401) response.Headers.WWWAuthenticate = Challenge(error);
        if (error.RetryAfter is { } wait) response.Headers.RetryAfter = Seconds(wait).ToString(CultureInfo.InvariantCulture);
        var output = JsonOutput.Rent();
        try
        {
            Write(output.Json, error, status, TraceId(context));
            output.Json.Flush();
            return Send(response, output.Written);
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>Writes the problem document as one JSON object.</summary>
    internal static void Write(Utf8JsonWriter json, RpcException error, int status, string traceId)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "about:blank"u8);
        json.WriteString("title"u8, Title(status));
        json.WriteNumber("status"u8, status);
        json.WriteString("detail"u8, error.Message);
        json.WriteString("code"u8, RpcStatus.Name(error.Code));
        json.WriteString("traceId"u8, traceId);
        if (error.RetryAfter is { } wait) json.WriteNumber("retryAfter"u8, Seconds(wait));
        if (error.Reason is not null) json.WriteString("reason"u8, error.Reason);
        if (error.Violations.Count > 0)
        {
            json.WriteStartArray("errors"u8);
            foreach (var violation in error.Violations)
            {
                json.WriteStartObject();
                json.WriteString("field"u8, violation.Field);
                json.WriteString("message"u8, violation.Description);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (error.Metadata.Count > 0)
        {
            json.WriteStartObject("metadata"u8);
            foreach (var (name, value) in error.Metadata) json.WriteString(name, value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Sends a whole body; the bytes are copied before this returns.</summary>
    internal static Task Send(HttpResponse response, ReadOnlySpan<byte> body)
    {
        response.ContentLength = body.Length;
        var output = response.BodyWriter;
        var start = response.StartAsync();
        if (!start.IsCompletedSuccessfully) return SendSlowlyAsync(response, start, body.ToArray());
        body.CopyTo(output.GetSpan(body.Length));
        output.Advance(body.Length);

        // The server flushes when the request ends: one write to the socket for head and body.
        return Task.CompletedTask;
    }

    private static async Task SendSlowlyAsync(HttpResponse response, Task start, byte[] body)
    {
        await start;
        await response.BodyWriter.WriteAsync(body);
    }

    private static long Seconds(TimeSpan wait) => (long)Math.Ceiling(Math.Max(0, wait.TotalSeconds));

    private static string TraceId(HttpContext context) =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.TraceId.ToHexString() : context.TraceIdentifier;

    // RFC 6750, 3: no error code for a request without credentials.
    private static string Challenge(RpcException error) => error.Reason == TokenAuthenticator.InvalidTokenReason
        ? $"Bearer error=\"invalid_token\", error_description=\"{error.Message.Replace("\"", "'", StringComparison.Ordinal)}\""
        : "Bearer";

    private static string Title(int status) => status switch
    {
        499 => "Client Closed Request",
        _ => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase : "Error",
    };
}
