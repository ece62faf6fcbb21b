using Granary.Codec;
using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Writes values to a <c>Utf8JsonWriter writer</c> in <c>format</c>, and reads them from a <c>ref Utf8JsonReader reader</c> at <c>ref path</c>.</summary>
internal sealed class JsonCode(CodeWriter code, EmitContext context)
{
    private const string Json = "global::Granary.Codec.JsonValue.";

    /// <summary>Declares the property names, encoded once.</summary>
    public void DeclareNames(IEnumerable<FieldModel> fields)
    {
        foreach (var field in fields)
            code.Line($"private static readonly global::System.Text.Json.JsonEncodedText s_name{Text.Number(field.Number)} = global::System.Text.Json.JsonEncodedText.Encode({Text.Quote(field.JsonName)});");
    }

    /// <summary>Writes one property; an absent one is left out.</summary>
    public void WriteProperty(FieldModel field, string value)
    {
        var n = Text.Number(field.Number);
        if (field.Type.Nullable || !field.Type.IsValueType) code.Open($"if ({value} is {{ }} v{n})");
        else code.Open();
        code.Line($"writer.WritePropertyName(s_name{n});");
        WriteValue(field.Type, field.Type.Nullable || !field.Type.IsValueType ? "v" + n : value, n);
        code.Close();
    }

    /// <summary>Writes a value that is not null.</summary>
    public void WriteValue(TypeModel type, string value, string suffix)
    {
        switch (type.Shape)
        {
            case Shape.Message:
                code.Line($"{context.Codec(type)}.WriteJson(writer, {value}, format);");
                break;
            case Shape.List:
                code.Line("writer.WriteStartArray();");
                var guard = type.Container == Container.ImmutableArray ? $"if (!{value}.IsDefault) " : string.Empty;
                code.Open($"{guard}foreach (var e{suffix} in {WireCode.Iterate(type, value)})");
                WriteElement(type.Element!, $"e{suffix}", suffix + "_");
                code.Close();
                code.Line("writer.WriteEndArray();");
                break;
            case Shape.Map:
                code.Line("writer.WriteStartObject();");
                code.Open($"foreach (var e{suffix} in {value})");
                code.Line($"{Json}WriteKey(writer, e{suffix}.Key);");
                WriteElement(type.Element!, $"e{suffix}.Value", suffix + "_");
                code.Close();
                code.Line("writer.WriteEndObject();");
                break;
            default:
                code.Line(ScalarCode.WriteJson(type, value));
                break;
        }
    }

    /// <summary>The loop over the properties of an object: the reader stands on its start (or on the value of <c>$type</c>), and at its end afterwards.</summary>
    public void ReadLoop(IReadOnlyList<FieldModel> fields)
    {
        foreach (var field in fields) code.Line($"var seen{Text.Number(field.Number)} = false;");
        ReadProperties(fields, null, Text.Quote(string.Join(", ", fields.Select(f => f.JsonName))));
        foreach (var field in fields.Where(f => f.Required)) CheckSeen(field);
    }

    /// <summary>Throws when a required property was not there.</summary>
    public void CheckSeen(FieldModel field) =>
        code.Line($"if (!seen{Text.Number(field.Number)} && !path.IsProto3) throw {Json}MissingField(ref path, {Text.Quote(field.JsonName)}, {Text.Quote(ScalarCode.Expected(field.Type))});");

    /// <summary>The loop itself, for locals or fields named <c>f</c> and <c>seen</c> with the field's number.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="alsoReads">Writes the code for a further property.</param>
    /// <param name="names">The expression of the names that an error lists.</param>
    public void ReadProperties(IReadOnlyList<FieldModel> fields, Action? alsoReads, string names)
    {
        code.Open("while (reader.Read() && reader.TokenType == global::System.Text.Json.JsonTokenType.PropertyName)");
        foreach (var field in fields)
        {
            var n = Text.Number(field.Number);
            code.Open($"if ({IsNamed(field.JsonName)})");
            code.Line($"if (seen{n}) throw {Json}DuplicateField(ref path, {Text.Quote(field.JsonName)});");
            code.Line($"seen{n} = true;");
            code.Line($"path.Push({Text.Quote(field.JsonName)});");
            code.Line("reader.Read();");
            code.Open($"if (!{Json}IsAbsent(ref reader, ref path))");
            ReadValue(field.Type, "f" + n, n);
            code.Close();
            code.Line();
            code.Line("path.Pop();");
            code.Line("continue;");
            code.Close();
            code.Line();
        }

        alsoReads?.Invoke();
        code.Open("if (path.IsProto3)");
        code.Line("reader.Skip();");
        code.Line("continue;");
        code.Close();
        code.Line();
        code.Line($"throw {Json}UnknownField(ref reader, ref path, {names});");
        code.Close();
        code.Line();
    }

    /// <summary>What JSON leaves out takes the C# default; what protobuf leaves out is empty, unless presence is tracked.</summary>
    public void ForgetDefaults(IEnumerable<FieldModel> fields)
    {
        var forgotten = fields.Where(f => f is { Default: not null, TracksPresence: false } && f.Default != ScalarCode.Absent(f.Type)).ToArray();
        if (forgotten.Length == 0) return;
        code.Open("if (path.IsProto3)");
        foreach (var field in forgotten) code.Line($"f{Text.Number(field.Number)} = {ScalarCode.Absent(field.Type)};");
        code.Close();
        code.Line();
    }

    /// <summary>The condition that a property is this field: proto3 also takes the name of the <c>.proto</c>.</summary>
    public static string IsNamed(string jsonName)
    {
        var name = $"{Json}NameEquals(ref reader, {Text.Quote(jsonName)}u8)";
        var snake = ProtoNames.SnakeCase(jsonName);
        return snake == jsonName ? name : $"{name} || (path.IsProto3 && {Json}NameEquals(ref reader, {Text.Quote(snake)}u8))";
    }

    /// <summary>Reads the value that the reader stands on into a local that <see cref="WireCode.DeclareField"/> declared.</summary>
    public void ReadValue(TypeModel type, string target, string suffix)
    {
        switch (type.Shape)
        {
            case Shape.List:
                if (type.Nullable)
                {
                    code.Line($"if ({Json}IsNull(ref reader)) {target} = null;");
                    code.Open("else");
                }
                else
                {
                    code.Open();
                }

                ReadList(type, target, suffix);
                code.Close();
                break;
            case Shape.Map:
                if (type.Nullable)
                {
                    code.Line($"if ({Json}IsNull(ref reader)) {target} = null;");
                    code.Open("else");
                }
                else
                {
                    code.Open();
                }

                ReadMap(type, target, suffix);
                code.Close();
                break;
            default:
                code.Line(type.Nullable ? $"{target} = {Json}IsNull(ref reader) ? null : {Read(type)};" : $"{target} = {Read(type)};");
                break;
        }
    }

    private string Read(TypeModel type) => type.Shape == Shape.Message ? $"{context.Codec(type)}.ReadJson(ref reader, ref path)" : ScalarCode.ReadJson(type);

    private void WriteElement(TypeModel element, string value, string suffix)
    {
        if (element.IsValueType || element.Shape == Shape.Scalar)
        {
            WriteValue(element, value, suffix);
            return;
        }

        code.Line($"if ({value} is null) writer.WriteNullValue();");
        code.Open("else");
        WriteValue(element, value, suffix);
        code.Close();
    }

    private void ReadList(TypeModel type, string target, string suffix)
    {
        var set = type.Container == Container.HashSet;
        code.Line($"{Json}ExpectArray(ref reader, ref path);");
        code.Line($"{target} = [];");
        code.Open($"for (var i{suffix} = 0; reader.Read() && reader.TokenType != global::System.Text.Json.JsonTokenType.EndArray; i{suffix}++)");
        code.Line($"path.PushIndex(i{suffix});");
        code.Line(set ? $"{target}.Add({Read(type.Element!)}); // an element given twice is one" : $"{target}.Add({Read(type.Element!)});");
        code.Line("path.Pop();");
        code.Close();
    }

    private void ReadMap(TypeModel type, string target, string suffix)
    {
        code.Line($"{Json}ExpectObject(ref reader, ref path);");
        code.Line($"{target} = [];");
        code.Open("while (reader.Read() && reader.TokenType == global::System.Text.Json.JsonTokenType.PropertyName)");
        code.Line($"var name{suffix} = {Json}ReadName(ref reader, ref path);");
        code.Line($"path.Push(name{suffix});");
        code.Line($"var key{suffix} = {(type.Key!.Scalar == Scalar.String ? $"name{suffix}" : ScalarCode.Parse(type.Key, $"name{suffix}"))};");
        code.Line("reader.Read();");
        code.Line($"var value{suffix} = {Read(type.Element!)};");
        code.Line("path.Pop();");
        code.Line($"if (!{target}.TryAdd(key{suffix}, value{suffix})) throw {Json}DuplicateField(ref path, name{suffix});");
        code.Close();
    }
}
