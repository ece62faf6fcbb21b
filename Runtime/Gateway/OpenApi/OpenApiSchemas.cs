using System.Text.Json;
using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Gateway.OpenApi;

/// <summary>The schema model as JSON Schema 2020-12. Named types become components, collected while operations are written.</summary>
internal sealed class OpenApiSchemas(Utf8JsonWriter json)
{
    public const string ProblemReference = "#/components/schemas/Problem";

    private readonly Dictionary<string, Action> _components = new(StringComparer.Ordinal);
    private readonly Queue<string> _toWrite = [];

    public void Write(SchemaType type, string? defaultValue = null)
    {
        json.WriteStartObject();
        switch (type.Label)
        {
            case SchemaLabel.Repeated:
                json.WriteString("type", "array");
                json.WritePropertyName("items");
                Write(type with { Label = SchemaLabel.Single });
                break;
            case SchemaLabel.Map:
                json.WriteString("type", "object");
                json.WritePropertyName("additionalProperties");
                Write(type with { Label = SchemaLabel.Single });
                break;
            default:
                WriteSingle(type);
                break;
        }

        if (defaultValue is not null)
        {
            json.WritePropertyName("default");
            json.WriteRawValue(defaultValue, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    /// <summary>An object with those members.</summary>
    public void WriteObject(IReadOnlyList<FieldSchema> fields, string? summary)
    {
        json.WriteStartObject();
        WriteObjectMembers(fields, summary);
        json.WriteEndObject();
    }

    /// <summary>The items of the caller's stream: a message as it is, anything else out of the message that wraps it.</summary>
    public void WriteItem(RpcMethod method)
    {
        var item = method.RequestItem!;
        var wrapped = item.Name == method.Name + "Item" && item.Package == method.Service.Package && item.Fields is [{ Name: "value" }];
        Write(wrapped ? item.Fields[0].Type : new SchemaType(SchemaKind.Message, () => item));
    }

    /// <summary>Writes the components that were referred to, and those they refer to.</summary>
    public void WriteComponents()
    {
        json.WriteStartObject("schemas");
        json.WritePropertyName("Problem");
        WriteProblem();
        while (_toWrite.TryDequeue(out var name))
        {
            json.WritePropertyName(name);
            _components[name]();
        }

        json.WriteEndObject();
    }

    private void WriteObjectMembers(IReadOnlyList<FieldSchema> fields, string? summary)
    {
        json.WriteString("type", "object");
        if (summary is not null) json.WriteString("description", summary);
        json.WriteStartObject("properties");
        foreach (var field in fields)
        {
            json.WritePropertyName(field.Name);
            WriteField(field);
        }

        json.WriteEndObject();
        if (fields.Any(f => f.Required))
        {
            json.WriteStartArray("required");
            foreach (var field in fields.Where(f => f.Required)) json.WriteStringValue(field.Name);
            json.WriteEndArray();
        }

        json.WriteBoolean("additionalProperties", false);
    }

    private void WriteField(FieldSchema field)
    {
        // 2020-12 lets a $ref have neighbours.
        json.WriteStartObject();
        if (field.Type.Label is SchemaLabel.Single or SchemaLabel.Optional)
        {
            WriteSingle(field.Type);
        }
        else
        {
            json.WriteString("type", field.Type.Label == SchemaLabel.Map ? "object" : "array");
            json.WritePropertyName(field.Type.Label == SchemaLabel.Map ? "additionalProperties" : "items");
            Write(field.Type with { Label = SchemaLabel.Single });
        }

        if (field.Summary is not null) json.WriteString("description", field.Summary);
        if (field.Deprecated is not null) json.WriteBoolean("deprecated", true);
        if (field.Default is not null)
        {
            json.WritePropertyName("default");
            json.WriteRawValue(field.Default, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void WriteSingle(SchemaType type)
    {
        if (type.Kind is SchemaKind.Message)
        {
            json.WriteString("$ref", Refer(type.Message!()));
            return;
        }

        if (type.Kind is SchemaKind.Enum)
        {
            json.WriteString("$ref", Refer(type.Enum!));
            return;
        }

        var (name, format) = Of(type.Kind);
        if (type.Label == SchemaLabel.Optional)
        {
            json.WriteStartArray("type");
            json.WriteStringValue(name);
            json.WriteStringValue("null");
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("type", name);
        }

        if (format is not null) json.WriteString("format", format);
        if (type.Kind is SchemaKind.UInt32 or SchemaKind.UInt64) json.WriteNumber("minimum", 0);
        if (type.Kind is SchemaKind.Bytes) json.WriteString("contentEncoding", "base64");
        if (type.Kind is SchemaKind.Duration) json.WriteString("pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$");
    }

    private static (string Name, string? Format) Of(SchemaKind kind) => kind switch
    {
        SchemaKind.Bool => ("boolean", null),
        SchemaKind.Int32 => ("integer", "int32"),
        SchemaKind.UInt32 => ("integer", "uint32"),
        SchemaKind.Int64 => ("integer", "int64"),
        SchemaKind.UInt64 => ("integer", "uint64"),
        SchemaKind.Float => ("number", "float"),
        SchemaKind.Double => ("number", "double"),
        SchemaKind.Decimal => ("number", "decimal"),
        SchemaKind.Timestamp => ("string", "date-time"),
        SchemaKind.Guid => ("string", "uuid"),
        _ => ("string", null),
    };

    private string Refer(MessageSchema message) => Refer(message.FullName, () =>
    {
        if (message.IsUnion) WriteUnion(message);
        else WriteObject(message.Fields, message.Summary);
    });

    private string Refer(EnumSchema schema) => Refer(schema.FullName, () =>
    {
        json.WriteStartObject();
        json.WriteString("type", "string");
        json.WriteStartArray("enum");
        foreach (var value in schema.Values) json.WriteStringValue(value.Name);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private string Refer(string name, Action write)
    {
        if (_components.TryAdd(name, write)) _toWrite.Enqueue(name);
        return "#/components/schemas/" + name;
    }

    // In JSON a union is one of its cases with the case's name in $type.
    private void WriteUnion(MessageSchema message)
    {
        json.WriteStartObject();
        if (message.Summary is not null) json.WriteString("description", message.Summary);
        json.WriteStartArray("oneOf");
        foreach (var field in message.Fields)
        {
            var member = field.Type.Message!();
            json.WriteStartObject();
            json.WriteString("type", "object");
            json.WriteStartObject("properties");
            json.WriteStartObject("$type");
            json.WriteString("const", member.Name);
            json.WriteEndObject();
            foreach (var inner in member.Fields)
            {
                json.WritePropertyName(inner.Name);
                WriteField(inner);
            }

            json.WriteEndObject();
            json.WriteStartArray("required");
            json.WriteStringValue("$type");
            foreach (var inner in member.Fields.Where(f => f.Required)) json.WriteStringValue(inner.Name);
            json.WriteEndArray();
            json.WriteBoolean("additionalProperties", false);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteProblem() => json.WriteRawValue(
        """
        {"type":"object","description":"An error (RFC 9457).","properties":{
        "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},
        "detail":{"type":"string","description":"What is wrong and what to do."},
        "code":{"type":"string","description":"One of the 17 codes of gRPC, for example INVALID_ARGUMENT."},
        "traceId":{"type":"string","description":"Finds the logs and the trace of this call."},
        "reason":{"type":"string"},
        "errors":{"type":"array","items":{"type":"object","properties":{"field":{"type":"string"},"message":{"type":"string"}},"required":["field","message"]}},
        "metadata":{"type":"object","additionalProperties":{"type":"string"}}},
        "required":["title","status","code","traceId"]}
        """,
        skipInputValidation: true);
}
