using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the codec of a union: a <c>oneof</c> of its sub-types.</summary>
internal static class UnionEmitter
{
    public static void EmitBody(CodeWriter code, MessageModel message, EmitContext context)
    {
        var cases = message.Cases.Where(c => !context.IsBroken(c.Type)).ToArray();
        var names = Text.Quote(string.Join(", ", cases.Select(c => c.Name)));
        var sender = $"throw global::Granary.Codec.MessageErrors.Derived(typeof({message.TypeName}), value.GetType());";
        EmitSchema(code, message, cases, context);

        code.Line();
        code.Open($"public override void Write(ref global::Granary.Codec.WireWriter writer, {message.TypeName} value)");
        code.Line("var type = value.GetType();");
        foreach (var c in cases)
        {
            code.Open($"if (type == typeof({c.Type.Name}))");
            code.Line($"var start = writer.BeginMessage({WireCode.Tag(c.Number, 2)}u);");
            code.Line($"{context.Codec(c.Type)}.Write(ref writer, ({c.Type.Name})value);");
            code.Line("writer.EndMessage(start);");
            code.Line("return;");
            code.Close();
            code.Line();
        }

        code.Line(sender);
        code.Close();

        code.Line();
        code.Open($"public override {message.TypeName} Read(ref global::Granary.Codec.WireReader reader)");
        code.Line($"{message.TypeName}? value = null;");
        code.Open("for (uint tag; (tag = reader.ReadTag()) != 0;)");
        code.Open("switch (tag)");
        foreach (var c in cases)
        {
            code.Open($"case {WireCode.Tag(c.Number, 2)}u:");
            code.Line("var token = reader.EnterMessage();");
            code.Line($"value = {context.Codec(c.Type)}.Read(ref reader);");
            code.Line("reader.ExitMessage(token);");
            code.Line("break;");
            code.Close();
        }

        code.Line("default: reader.Skip(tag); break;");
        code.Close();
        code.Close();
        code.Line();
        code.Line("// A sub-type that only newer builds know is absent here.");
        code.Line("return value!;");
        code.Close();

        code.Line();
        code.Open($"public override void WriteJson(global::System.Text.Json.Utf8JsonWriter writer, {message.TypeName} value, global::Granary.Codec.JsonFormat format)");
        code.Line("var type = value.GetType();");
        foreach (var c in cases)
        {
            code.Open($"if (type == typeof({c.Type.Name}))");
            code.Line("writer.WriteStartObject();");
            code.Open("if (format.HasFlag(global::Granary.Codec.JsonFormat.LongsAsStrings))");
            code.Line($"writer.WritePropertyName({Text.Quote(CaseName(c))}u8);");
            code.Line($"{context.Codec(c.Type)}.WriteJson(writer, ({c.Type.Name})value, format);");
            code.Line("writer.WriteEndObject();");
            code.Line("return;");
            code.Close();
            code.Line();
            code.Line($"writer.WriteString(\"$type\"u8, {Text.Quote(c.Name)}u8);");
            code.Line($"{context.Codec(c.Type)}.WriteJsonFields(writer, ({c.Type.Name})value, format);");
            code.Line("writer.WriteEndObject();");
            code.Line("return;");
            code.Close();
            code.Line();
        }

        code.Line(sender);
        code.Close();

        code.Line();
        code.Open($"public override {message.TypeName} ReadJson(ref global::System.Text.Json.Utf8JsonReader reader, ref global::Granary.Codec.JsonPath path)");
        code.Line("if (path.IsProto3) return ReadJsonCase(ref reader, ref path)!;");
        code.Line($"var type = global::Granary.Codec.JsonValue.ReadUnionType(ref reader, ref path, {names});");
        code.Open("switch (type)");
        foreach (var c in cases) code.Line($"case {Text.Quote(c.Name)}: return {context.Codec(c.Type)}.ReadJsonFields(ref reader, ref path);");
        code.Line($"default: throw global::Granary.Codec.JsonValue.UnknownUnionType(ref path, type, {names});");
        code.Close();
        code.Close();

        EmitReadJsonCase(code, message, cases, context);
        code.Line();
        code.Open($"public override {message.TypeName} Copy({message.TypeName} value)");
        if (message.IsImmutable)
        {
            code.Line("return value;");
        }
        else
        {
            code.Line("var type = value.GetType();");
            foreach (var c in cases) code.Line($"if (type == typeof({c.Type.Name})) return {(c.Type.Immutable ? "value" : $"{context.Codec(c.Type)}.Copy(({c.Type.Name})value)")};");
            code.Line(sender);
        }

        code.Close();
    }

    private static void EmitSchema(CodeWriter code, MessageModel message, UnionCaseModel[] cases, EmitContext context)
    {
        var schema = new SchemaCode(context);
        code.Line("private static global::Granary.Schema.MessageSchema? s_schema;");
        code.Line();
        code.Line("public override global::Granary.Schema.MessageSchema Schema => s_schema ??= BuildSchema();");
        code.Line();
        code.Open("private static global::Granary.Schema.MessageSchema BuildSchema() => new()");
        code.Line($"Package = {Text.Quote(message.Package)},");
        code.Line($"Name = {Text.Quote(message.Name)},");
        code.Line("IsUnion = true,");
        if (message.Summary is not null) code.Line($"Summary = {Text.Quote(message.Summary)},");
        if (schema.Reserved("message " + message.FullName) is { } reserved) code.Line($"Reserved = {reserved},");
        code.Open("Fields = new global::Granary.Schema.FieldSchema[]");
        foreach (var c in cases) code.Line($"new({Text.Number(c.Number)}, {Text.Quote(CaseName(c))}, {schema.Type(c.Type)}),");
        code.Close(",");
        code.Close(";");
    }

    /// <summary>The name of the case's field.</summary>
    private static string CaseName(UnionCaseModel c) => Reading.Names.CamelCase(c.Name);

    /// <summary>Reads the form of proto3: an object with the case's field.</summary>
    private static void EmitReadJsonCase(CodeWriter code, MessageModel message, UnionCaseModel[] cases, EmitContext context)
    {
        const string Json = "global::Granary.Codec.JsonValue.";
        code.Line();
        code.Open($"private static {message.TypeName}? ReadJsonCase(ref global::System.Text.Json.Utf8JsonReader reader, ref global::Granary.Codec.JsonPath path)");
        code.Line($"{Json}ExpectObject(ref reader, ref path);");
        code.Line($"{message.TypeName}? value = null;");
        code.Open("while (reader.Read() && reader.TokenType == global::System.Text.Json.JsonTokenType.PropertyName)");
        foreach (var c in cases)
        {
            code.Open($"if ({JsonCode.IsNamed(CaseName(c))})");
            code.Line("reader.Read();");
            code.Line($"if ({Json}IsAbsent(ref reader, ref path)) continue;");
            code.Line($"if (value is not null) throw {Json}SecondUnionCase(ref path, {Text.Quote(CaseName(c))});");
            code.Line($"path.Push({Text.Quote(CaseName(c))});");
            code.Line($"value = {context.Codec(c.Type)}.ReadJson(ref reader, ref path);");
            code.Line("path.Pop();");
            code.Line("continue;");
            code.Close();
            code.Line();
        }

        code.Line("reader.Skip();");
        code.Close();
        code.Line();
        code.Line("// None, or one that only newer builds know, is absent here, as in protobuf.");
        code.Line("return value;");
        code.Close();
    }
}
