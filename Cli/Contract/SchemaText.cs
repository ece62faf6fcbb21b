using System.Text.Json;

namespace Granary.Cli.Contract;

/// <summary>Types in a few letters: <c>double</c>, <c>[Reading]</c>, <c>{string: int64}</c>.</summary>
internal sealed class SchemaText(JsonElement document)
{
    private const string Prefix = "#/components/schemas/";

    /// <summary>The type's short form.</summary>
    public string Of(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference)) return Short(reference.GetString()!);
        if (schema.TryGetProperty("oneOf", out var forms) || schema.TryGetProperty("anyOf", out forms)) return string.Join(" | ", forms.EnumerateArray().Select(Of));
        if (schema.TryGetProperty("enum", out var values)) return string.Join(" | ", values.EnumerateArray().Select(v => v.ToString()));
        var (type, nullable) = Type(schema);
        var text = type switch
        {
            "array" when schema.TryGetProperty("items", out var items) => $"[{Of(items)}]",
            "object" when schema.TryGetProperty("additionalProperties", out var values2) && values2.ValueKind == JsonValueKind.Object => $"{{string: {Of(values2)}}}",
            "" => "any",
            _ => schema.TryGetProperty("format", out var format) ? format.GetString()! : type,
        };
        return nullable ? text + "?" : text;
    }

    /// <summary>The named types a type is made of, itself included, each once.</summary>
    public IEnumerable<(string Name, JsonElement Schema)> Named(IEnumerable<JsonElement> roots)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<JsonElement>(roots);
        while (queue.TryDequeue(out var json))
        {
            if (json.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in json.EnumerateArray()) queue.Enqueue(item);
            }

            if (json.ValueKind != JsonValueKind.Object) continue;
            foreach (var member in json.EnumerateObject())
            {
                if (!member.NameEquals("$ref"))
                {
                    queue.Enqueue(member.Value);
                    continue;
                }

                var name = member.Value.GetString()!;
                if (!name.StartsWith(Prefix, StringComparison.Ordinal) || !seen.Add(name)) continue;
                if (!document.TryGetProperty("components", out var components) || !components.GetProperty("schemas").TryGetProperty(name[Prefix.Length..], out var schema)) continue;
                yield return (Short(name), schema);
                queue.Enqueue(schema);
            }
        }
    }

    private static (string Type, bool Nullable) Type(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type)) return ("", false);
        if (type.ValueKind == JsonValueKind.String) return (type.GetString()!, false);
        var names = type.EnumerateArray().Select(t => t.GetString()!).ToArray();
        return (names.FirstOrDefault(n => n != "null") ?? "null", names.Contains("null"));
    }

    private static string Short(string reference) => reference[(Math.Max(reference.LastIndexOf('/'), reference.LastIndexOf('.')) + 1)..];
}
