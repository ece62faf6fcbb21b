using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the codec of one message.</summary>
internal static class MessageEmitter
{
    private const string Errors = "global::Granary.Codec.MessageErrors.";
    private const string Stack = "global::System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();";

    public static string Emit(MessageModel message, string space, EmitContext context)
    {
        var code = CodeWriter.File(space);
        code.Line($"/// <summary>{Escape(message.DisplayName)} as protobuf and JSON.</summary>");
        code.Open($"internal sealed class {message.CodecName} : global::Granary.Codec.MessageCodec<{message.TypeName}>");
        code.Line($"internal static readonly {message.CodecName} Shared = new();");
        if (message.IsUnion) UnionEmitter.EmitBody(code, message, context);
        else EmitBody(code, message, context);
        code.Close();
        return code.ToString();
    }

    /// <summary>The head of a schema property that is built on first use.</summary>
    public static void EmitSchema(CodeWriter code, MessageModel message, EmitContext context)
    {
        code.Line("private static global::Granary.Schema.MessageSchema? s_schema;");
        code.Line();
        code.Line("public override global::Granary.Schema.MessageSchema Schema => s_schema ??= BuildSchema();");
        code.Line();
        new SchemaCode(context).Message(code, "private static global::Granary.Schema.MessageSchema BuildSchema() => new", "message " + message.FullName, message.Package, message.Name, message.Fields, message.Summary);
    }

    private static void EmitBody(CodeWriter code, MessageModel message, EmitContext context)
    {
        var fields = message.Fields;
        var (wire, json, copy) = (new WireCode(code, context), new JsonCode(code, context), new CopyCode(context));
        json.DeclareNames(fields);
        EmitSchema(code, message, context);

        code.Line();
        code.Open($"public override void Write(ref global::Granary.Codec.WireWriter writer, {message.TypeName} value)");
        Guard(code, message);
        foreach (var field in fields) wire.WriteField(field, "value." + field.Name, message.Name);
        code.Close();

        code.Line();
        code.Open($"public override {message.TypeName} Read(ref global::Granary.Codec.WireReader reader)");
        foreach (var field in fields) wire.DeclareField(field);
        wire.ReadLoop(fields);
        code.Line();
        Construct(code, "return", message, f => wire.Finish(f));
        code.Close();

        EmitJson(code, message, wire, json, copy);

        code.Line();
        code.Open($"public override {message.TypeName} Copy({message.TypeName} value)");
        if (message.IsImmutable)
        {
            code.Line("return value;");
        }
        else
        {
            Guard(code, message);
            Construct(code, "return", message, f => copy.Copy(f, "value." + f.Name, Text.Number(f.Number)));
        }

        code.Close();
        copy.EmitMethods(code);
        EmitInitialValues(code, message);
    }

    private static void EmitJson(CodeWriter code, MessageModel message, WireCode wire, JsonCode json, CopyCode copy)
    {
        var fields = message.Fields;
        code.Line();
        code.Open($"public override void WriteJson(global::System.Text.Json.Utf8JsonWriter writer, {message.TypeName} value, global::Granary.Codec.JsonFormat format)");
        Guard(code, message);
        code.Line("writer.WriteStartObject();");
        code.Line("WriteJsonFields(writer, value, format);");
        code.Line("writer.WriteEndObject();");
        code.Close();

        code.Line();
        code.Open($"internal void WriteJsonFields(global::System.Text.Json.Utf8JsonWriter writer, {message.TypeName} value, global::Granary.Codec.JsonFormat format)");
        foreach (var field in fields) json.WriteProperty(field, "value." + field.Name);
        code.Close();

        code.Line();
        code.Open($"public override {message.TypeName} ReadJson(ref global::System.Text.Json.Utf8JsonReader reader, ref global::Granary.Codec.JsonPath path)");
        code.Line("global::Granary.Codec.JsonValue.ExpectObject(ref reader, ref path);");
        code.Line("return ReadJsonFields(ref reader, ref path);");
        code.Close();

        code.Line();
        code.Open($"internal {message.TypeName} ReadJsonFields(ref global::System.Text.Json.Utf8JsonReader reader, ref global::Granary.Codec.JsonPath path)");
        foreach (var field in fields) wire.DeclareField(field, json: true);
        json.ForgetDefaults(fields);
        json.ReadLoop(fields);
        code.Line();
        Construct(code, "return", message, f => f.HasInitialValue
            ? $"path.IsProto3 || seen{Text.Number(f.Number)} ? {Parenthesize(wire.Finish(f))} : {Parenthesize(copy.Copy(f, "InitialValues.Instance." + f.Name, Text.Number(f.Number)))}"
            : wire.Finish(f));
        code.Close();
    }

    /// <summary>Constructs the message from an expression for each field.</summary>
    public static void Construct(CodeWriter code, string head, MessageModel message, Func<FieldModel, string> value)
    {
        var arguments = message.Fields.Where(f => f.ConstructorIndex >= 0).OrderBy(f => f.ConstructorIndex).Select(value);
        var initialized = message.Fields.Where(f => f.InInitializer).ToArray();
        var construction = $"{head} new {message.TypeName}({Text.List(arguments)})";
        if (initialized.Length == 0)
        {
            code.Line(construction + ";");
            return;
        }

        code.Open(construction);
        foreach (var field in initialized) code.Line($"{field.Name} = {value(field)},");
        code.Close(";");
    }

    /// <summary>An instance as its declaration initializes it, for members that JSON leaves out.</summary>
    private static void EmitInitialValues(CodeWriter code, MessageModel message)
    {
        if (!message.Fields.Any(f => f.HasInitialValue)) return;
        var required = message.Fields.Where(f => f.InInitializer && !f.HasInitialValue).ToArray();
        var arguments = message.Fields.Where(f => f.ConstructorIndex >= 0).OrderBy(f => f.ConstructorIndex).Select(_ => "default!");
        var initializer = required.Length == 0 ? string.Empty : " { " + Text.List(required.Select(f => f.Name + " = default!")) + " }";
        code.Line();
        code.Open("internal static class InitialValues");
        code.Line($"internal static readonly {message.TypeName} Instance = new {message.TypeName}({Text.List(arguments)}){initializer};");
        code.Close();
    }

    /// <summary>What is written must be exactly this type, and not deeper than the stack.</summary>
    private static void Guard(CodeWriter code, MessageModel message)
    {
        if (message.IsRecursive) code.Line(Stack);
        if (message.MayBeDerived) code.Line($"if (value.GetType() != typeof({message.TypeName})) throw {Errors}Derived(typeof({message.TypeName}), value.GetType());");
    }

    private static string Parenthesize(string expression) => "(" + expression + ")";

    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
