using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.OpenApi;

/// <summary>The OpenAPI 3.1 description of every route, from the descriptors that serve them. Made once, when it is first asked for.</summary>
public sealed class OpenApiDocument
{
    private readonly OpenApiOptions _options;
    private readonly HttpRouteTable _routes;
    private readonly Lazy<ReadOnlyMemory<byte>> _json;

    public OpenApiDocument(HttpRouteTable routes, IOptions<GatewayOptions> options)
    {
        _options = options.Value.OpenApi;
        _routes = routes;
        _json = new Lazy<ReadOnlyMemory<byte>>(Make);
    }

    /// <summary>The document, UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => _json.Value;

    internal Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = MediaTypes.Json;
        return HttpProblem.Send(context.Response, Json.Span);
    }

    private ReadOnlyMemory<byte> Make()
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var schemas = new OpenApiSchemas(json);
        json.WriteStartObject();
        json.WriteString("openapi", "3.1.0");
        json.WriteStartObject("info");
        json.WriteString("title", _options.Title);
        json.WriteString("version", _options.Version);
        if (_options.Description is not null) json.WriteString("description", _options.Description);
        json.WriteEndObject();
        WriteTags(json);
        json.WriteStartObject("paths");
        foreach (var path in _routes.Routes.GroupBy(r => r.Template))
        {
            json.WriteStartObject(path.Key);
            foreach (var route in path) WriteOperation(json, route, schemas);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("components");
        json.WriteStartObject("securitySchemes");
        json.WriteStartObject("bearer");
        json.WriteString("type", "http");
        json.WriteString("scheme", "bearer");
        json.WriteString("bearerFormat", "JWT");
        json.WriteEndObject();
        json.WriteEndObject();
        schemas.WriteComponents();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private void WriteTags(Utf8JsonWriter json)
    {
        json.WriteStartArray("tags");
        foreach (var service in _routes.Routes.Select(r => r.Method.Service).Distinct())
        {
            json.WriteStartObject();
            json.WriteString("name", Tag(service));
            if (service.Summary is not null) json.WriteString("description", service.Summary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Tag(RpcService service) => service.Version == 1 ? service.Name : $"{service.Name} v{service.Version}";

    private static void WriteOperation(Utf8JsonWriter json, HttpRoute route, OpenApiSchemas schemas)
    {
        var method = route.Method;
        json.WriteStartObject(route.Verb.ToLowerInvariant());
        json.WriteString("operationId", $"{method.Service.Name}_v{method.Service.Version}_{method.Name}{(route.IsStandard ? route.Verb == "GET" ? "_get" : "" : "_route")}");
        json.WriteStartArray("tags");
        json.WriteStringValue(Tag(method.Service));
        json.WriteEndArray();
        if (method.Summary is not null) json.WriteString("summary", method.Summary);
        if (Describe(method) is { Length: > 0 } description) json.WriteString("description", description);
        if ((method.Deprecated ?? method.Service.Deprecated) is not null) json.WriteBoolean("deprecated", true);
        WriteSecurity(json, method.Access);
        OpenApiRequest.Write(json, route, schemas);
        WriteResponses(json, method, schemas);
        json.WriteEndObject();
    }

    private static string Describe(RpcMethod method)
    {
        var lines = new List<string>();
        if ((method.Deprecated ?? method.Service.Deprecated) is { Length: > 0 } deprecated) lines.Add($"Deprecated: {deprecated}");
        if (method.Access.Roles.Count > 0) lines.Add($"For the roles {string.Join(", ", method.Access.Roles)}.");
        if (method.Access.Scopes.Count > 0) lines.Add($"Needs the scopes {string.Join(", ", method.Access.Scopes)}.");
        return string.Join("\n\n", lines);
    }

    private static void WriteSecurity(Utf8JsonWriter json, RpcAccess access)
    {
        json.WriteStartArray("security");
        if (access.Anonymous)
        {
            // With or without a token.
            json.WriteStartObject();
            json.WriteEndObject();
        }

        json.WriteStartObject();
        json.WriteStartArray("bearer");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteResponses(Utf8JsonWriter json, RpcMethod method, OpenApiSchemas schemas)
    {
        json.WriteStartObject("responses");
        if (method.Kind is RpcMethodKind.ServerStream or RpcMethodKind.Bidirectional)
        {
            json.WriteStartObject("200");
            json.WriteString("description", "The items: one a line, or one an event named message, followed by the event end. An error after the first item is the last line, or the event error.");
            json.WriteStartObject("content");
            WriteContent(json, MediaTypes.Ndjson, method, schemas);
            WriteContent(json, MediaTypes.EventStream, method, schemas);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (method.IsOneWay || method.Result is null)
        {
            json.WriteStartObject(method.IsOneWay ? "202" : "204");
            json.WriteString("description", method.IsOneWay ? "Accepted." : "Done.");
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("200");
            json.WriteString("description", "The result.");
            json.WriteStartObject("content");
            WriteContent(json, MediaTypes.Json, method, schemas);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteStartObject("default");
        json.WriteString("description", "An error (RFC 9457).");
        json.WriteStartObject("content");
        json.WriteStartObject("application/problem+json");
        json.WriteStartObject("schema");
        json.WriteString("$ref", OpenApiSchemas.ProblemReference);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter json, string type, RpcMethod method, OpenApiSchemas schemas)
    {
        json.WriteStartObject(type);
        if (method.Result is not null)
        {
            json.WritePropertyName("schema");
            schemas.Write(method.Result);
        }

        json.WriteEndObject();
    }
}
