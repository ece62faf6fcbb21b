using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the codec of a streamed item that is neither a message nor a scalar that the runtime knows: <c>{ value = 1 }</c>.</summary>
internal static class ItemEmitter
{
    public static FieldModel Field(TypeModel item) => new() { Number = 1, Name = "value", JsonName = "value", Type = item };

    public static bool NeedsCodec(TypeModel item) => item.Shape switch
    {
        Shape.Message => item.Nullable,
        Shape.Scalar => item.Nullable || item.Scalar is Scalar.Char or Scalar.SByte or Scalar.Byte or Scalar.Int16 or Scalar.UInt16 or Scalar.DateOnly or Scalar.TimeOnly or Scalar.Memory or Scalar.GrainId,
        _ => true,
    };

    /// <summary>Whether a request holds the item as <c>{ value = 1 }</c>, because a field of its own could not say that it is there.</summary>
    public static bool IsWrapped(TypeModel item) => item.Nullable || item.Shape is Shape.List or Shape.Map;

    /// <summary>The field of the request message that holds an item: its number is the one after the last argument.</summary>
    public static FieldModel RequestField(MethodModel method)
    {
        var item = method.Stream!.Type.Element!;
        return new FieldModel
        {
            Number = method.Arguments.Where(a => a.Type.Shape != Shape.Stream).Select(a => a.Number).DefaultIfEmpty(1).Max() + 1,
            Name = "item",
            JsonName = "item",
            Type = item,
            TracksPresence = item.Shape is Shape.Scalar or Shape.Enum && !item.Nullable,
            Summary = method.Stream.Summary,
        };
    }

    public static string ClassName(TypeModel item) => Reading.Names.Identifier(item.Declared.Replace("global::", string.Empty)) + "_Item";

    public static string Emit(TypeModel item, string space, EmitContext context)
    {
        var code = CodeWriter.File(space);
        var (wire, json, copy) = (new WireCode(code, context), new JsonCode(code, context), new CopyCode(context));
        var field = Field(item);
        code.Open($"internal sealed class {ClassName(item)} : global::Granary.Rpc.RpcItemCodec<{item.Declared}>");
        code.Line($"internal static readonly {ClassName(item)} Shared = new();");
        code.Line();
        code.Open($"public override void Write(ref global::Granary.Codec.WireWriter writer, {item.Declared} value)");
        wire.WriteField(field, "value", "item");
        code.Close();
        code.Line();
        code.Open($"public override {item.Declared} Read(ref global::Granary.Codec.WireReader reader)");
        wire.DeclareField(field);
        wire.ReadLoop([field]);
        code.Line($"return {wire.Finish(field)};");
        code.Close();
        if (IsWrapped(item))
        {
            code.Line();
            code.Line("public override bool IsWrapped => true;");
        }
        else
        {
            EmitField(code, item);
        }

        if (!item.Immutable)
        {
            code.Line();
            code.Line($"public override {item.Declared} Copy({item.Declared} value) => {copy.Copy(item, "value", "0")};");
        }

        code.Line();
        code.Open($"public override void WriteJson(global::System.Text.Json.Utf8JsonWriter writer, {item.Declared} value, global::Granary.Codec.JsonFormat format)");
        if (item.Nullable)
        {
            code.Open("if (value is { } present)");
            json.WriteValue(item, "present", "0");
            code.Close();
            code.Line("else writer.WriteNullValue();");
        }
        else
        {
            json.WriteValue(item, "value", "0");
        }

        code.Close();
        code.Line();
        code.Open($"public override {item.Declared} ReadJson(ref global::System.Text.Json.Utf8JsonReader reader, ref global::Granary.Codec.JsonPath path)");
        wire.DeclareField(field, json: true);
        json.ReadValue(item, "f1", "1");
        code.Line($"return {wire.Finish(field)};");
        code.Close();
        copy.EmitMethods(code);
        code.Close();
        return code.ToString();
    }

    /// <summary>A scalar or an enum is a field of the request itself.</summary>
    private static void EmitField(CodeWriter code, TypeModel item)
    {
        code.Line();
        code.Line($"public override uint WireType => {item.WireType}u;");
        code.Line();
        code.Open($"public override void WriteField(ref global::Granary.Codec.WireWriter writer, int number, {item.Declared} value)");
        code.Line($"writer.WriteTag(((uint)number << 3) | {item.WireType}u);");
        code.Line(ScalarCode.Write(item, "value"));
        code.Close();
        code.Line();
        code.Line($"public override {item.Declared} ReadField(ref global::Granary.Codec.WireReader reader) => {ScalarCode.Read(item)};");
    }
}
