using System.Text.Json;
using Granary.Gateway.Idempotency;
using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Gateway.OpenApi;

/// <summary>The parameters and the body of one operation.</summary>
internal static class OpenApiRequest
{
    public static void Write(Utf8JsonWriter json, HttpRoute route, OpenApiSchemas schemas)
    {
        var method = route.Method;
        var inPath = route.Segments.Where(s => s[0] == '{').Select(s => s[1..^1]).ToArray();
        var streams = method.Kind is RpcMethodKind.ClientStream or RpcMethodKind.Bidirectional;
        var arguments = method.Request.Fields.Where(f => !f.IsItem && !inPath.Contains(f.Name) && !(f.IsKey && route.HasKey)).ToArray();

        json.WriteStartArray("parameters");
        foreach (var name in inPath)
        {
            // {key} is the key also where the contract has another name for it.
            var field = method.Request.Fields.FirstOrDefault(f => f.Name == name) ?? method.Request.Fields.FirstOrDefault(f => f.IsKey && name == "key");
            WriteParameter(json, name, "path", required: true, field, method, schemas);
        }

        if (streams || !route.HasBody)
        {
            foreach (var field in arguments) WriteParameter(json, field.Name, "query", field.Required, field, method, schemas);
        }

        WriteHeader(json, "Request-Timeout", $"How long the call may take: {TimeoutText.Accepted}.");
        if (IdempotencyFilter.Takes(method)) WriteHeader(json, "Idempotency-Key", "Makes the call run once, however often it comes with this key: 1 to 255 visible characters, for example a UUID.");
        json.WriteEndArray();
        if (streams) WriteItems(json, method, schemas);
        else if (route.HasBody && arguments.Length > 0) WriteBody(json, arguments, schemas);
    }

    private static void WriteParameter(Utf8JsonWriter json, string name, string place, bool required, FieldSchema? field, RpcMethod method, OpenApiSchemas schemas)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("in", place);
        if (required) json.WriteBoolean("required", true);
        if (field?.Summary is not null) json.WriteString("description", field.Summary);
        json.WritePropertyName("schema");
        if (name == "key" && place == "path") WriteKey(json, method.Service.Key);
        else if (field is not null) schemas.Write(field.Type, field.Default);
        else schemas.Write(new SchemaType(SchemaKind.String));
        json.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter json, RpcKeyKind kind)
    {
        json.WriteStartObject();
        switch (kind)
        {
            case RpcKeyKind.Integer:
                json.WriteString("type", "integer");
                json.WriteString("format", "int64");
                break;
            case RpcKeyKind.Guid:
                json.WriteString("type", "string");
                json.WriteString("format", "uuid");
                break;
            default:
                json.WriteString("type", "string");
                json.WriteNumber("minLength", 1);
                if (kind is RpcKeyKind.IntegerCompound) json.WriteString("description", "An integer, a plus sign and a text.");
                if (kind is RpcKeyKind.GuidCompound) json.WriteString("description", "A GUID, a plus sign and a text.");
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteHeader(Utf8JsonWriter json, string name, string description)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("in", "header");
        json.WriteString("description", description);
        json.WriteStartObject("schema");
        json.WriteString("type", "string");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteItems(Utf8JsonWriter json, RpcMethod method, OpenApiSchemas schemas)
    {
        json.WriteStartObject("requestBody");
        json.WriteString("description", "The items, one JSON value a line.");
        json.WriteBoolean("required", true);
        json.WriteStartObject("content");
        json.WriteStartObject(MediaTypes.Ndjson);
        json.WritePropertyName("schema");
        schemas.WriteItem(method);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, FieldSchema[] arguments, OpenApiSchemas schemas)
    {
        json.WriteStartObject("requestBody");
        json.WriteBoolean("required", arguments.Any(a => a.Required));
        json.WriteStartObject("content");
        json.WriteStartObject(MediaTypes.Json);
        json.WritePropertyName("schema");
        schemas.WriteObject(arguments, summary: null);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
