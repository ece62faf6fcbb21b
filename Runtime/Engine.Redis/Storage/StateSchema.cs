using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Granary.Codec;
using Granary.Schema;

namespace Granary.Engine.Redis.Storage;

/// <summary>
/// What is written beside a state to say how its bytes are read: the type's name, a space, and a fingerprint of its fields (numbers, names, types, deep). Two types with the same fields have the same fingerprint.
/// </summary>
internal static class StateSchema<T>
{
    internal static readonly string Stamp = Make();

    private static string Make()
    {
        if (!MessageCodec<T>.Exists) return $"{typeof(T).FullName} scalar";
        var schema = MessageCodec<T>.Instance.Schema;
        return $"{schema.FullName} {StateSchema.Fingerprint(schema)}";
    }
}

/// <inheritdoc cref="StateSchema{T}"/>
internal static class StateSchema
{
    /// <summary>Whether bytes with one stamp may be read as a type with the other: the same type, perhaps with other fields by now, or another name for the same fields.</summary>
    internal static bool MayRead(string stored, string wanted)
    {
        if (stored.Length == 0 || stored == wanted) return true;
        var (storedName, storedPrint) = Split(stored);
        var (wantedName, wantedPrint) = Split(wanted);
        return storedName == wantedName || (storedPrint == wantedPrint && storedPrint != "scalar");
    }

    internal static string Fingerprint(MessageSchema schema)
    {
        var text = new StringBuilder();
        // A message that contains itself is named by its place in the walk, not by its name: renaming is no change.
        var seen = new List<string>();
        Append(text, schema, seen);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 6));
    }

    private static void Append(StringBuilder text, MessageSchema schema, List<string> seen)
    {
        var known = seen.IndexOf(schema.FullName);
        if (known >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"^{known}");
            return;
        }

        seen.Add(schema.FullName);
        text.Append(schema.IsUnion ? '<' : '{');
        foreach (var field in schema.Fields.OrderBy(f => f.Number))
        {
            text.Append(CultureInfo.InvariantCulture, $"{field.Number}:{field.Name}:{field.Type.Label}:{(field.Type.Label == SchemaLabel.Map ? field.Type.MapKey : 0)}:{field.Type.Kind}");
            if (field.Type.Message is { } message) Append(text, message(), seen);
            text.Append(';');
        }

        text.Append('}');
    }

    private static (string Name, string Print) Split(string stamp)
    {
        var space = stamp.LastIndexOf(' ');
        return space < 0 ? (stamp, "") : (stamp[..space], stamp[(space + 1)..]);
    }
}
