using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Expressions of the schema.</summary>
internal sealed class SchemaCode(EmitContext context)
{
    private const string Space = "global::Granary.Schema.";

    /// <summary>Writes the construction of a message's schema.</summary>
    public void Message(CodeWriter code, string declaration, string owner, string package, string name, IEnumerable<FieldModel> fields, string? summary, FieldModel? key = null, string? item = null, string tail = ";")
    {
        code.Open($"{declaration} {Space}MessageSchema()");
        code.Line($"Package = {Text.Quote(package)},");
        code.Line($"Name = {Text.Quote(name)},");
        if (summary is not null) code.Line($"Summary = {Text.Quote(summary)},");
        if (Reserved(owner) is { } reserved) code.Line($"Reserved = {reserved},");
        code.Open($"Fields = new {Space}FieldSchema[]");
        if (key is not null) code.Line(Field(key) + ",");
        foreach (var field in fields) code.Line(Field(field) + ",");
        if (item is not null) code.Line(item + ",");
        code.Close(",");
        code.Close(tail);
    }

    /// <summary>The field of a request that holds an item of the caller's stream.</summary>
    /// <param name="field">The field.</param>
    /// <param name="wrapper">The expression of the message around an item without presence of its own.</param>
    public string Item(FieldModel field, string wrapper)
    {
        var type = ItemEmitter.IsWrapped(field.Type) ? $"new {Space}SchemaType({Space}SchemaKind.Message, static () => {wrapper})" : Type(field.Type, field.TracksPresence);
        var summary = field.Summary is null ? string.Empty : $", Summary = {Text.Quote(field.Summary)}";
        return $"new({Text.Number(field.Number)}, {Text.Quote(field.JsonName)}, {type}) {{ IsItem = true{summary} }}";
    }

    public string Field(FieldModel field)
    {
        var extras = new List<string>();
        if (field.Required) extras.Add("Required = true");
        if (field.IsKey) extras.Add("IsKey = true");
        if (field.DefaultJson is not null) extras.Add($"Default = {Text.Quote(field.DefaultJson)}");
        if (field.Summary is not null) extras.Add($"Summary = {Text.Quote(field.Summary)}");
        if (field.Deprecated is not null) extras.Add($"Deprecated = {Text.Quote(field.Deprecated)}");
        var init = extras.Count == 0 ? string.Empty : " { " + Text.List(extras) + " }";
        return $"new({Text.Number(field.Number)}, {Text.Quote(field.JsonName)}, {Type(field.Type, field.TracksPresence)}){init}";
    }

    public string Type(TypeModel type, bool tracksPresence = false)
    {
        switch (type.Shape)
        {
            case Shape.List:
                return Single(type.Element!, "Repeated", string.Empty);
            case Shape.Map:
                return Single(type.Element!, "Map", type.Key!.Scalar == Scalar.Guid ? string.Empty : $", MapKey: {Space}SchemaKind.{ScalarCode.SchemaKind(type.Key.Scalar)}");
            case Shape.Stream:
                return Single(type.Element!, "Single", string.Empty);
            default:
                return Single(type, type.Nullable || tracksPresence ? "Optional" : "Single", string.Empty);
        }
    }

    private string Single(TypeModel type, string label, string mapKey)
    {
        var labelText = label == "Single" ? string.Empty : $", Label: {Space}SchemaLabel.{label}";
        return type.Shape switch
        {
            Shape.Message => $"new {Space}SchemaType({Space}SchemaKind.Message, static () => {context.Codec(type)}.Schema{labelText}{mapKey})",
            Shape.Enum => $"new {Space}SchemaType({Space}SchemaKind.Enum, Enum: {Enum(type.Enum!)}{labelText}{mapKey})",
            Shape.Reference => $"new {Space}SchemaType({Space}SchemaKind.String{labelText}{mapKey})",
            _ => $"new {Space}SchemaType({Space}SchemaKind.{ScalarCode.SchemaKind(type.Scalar)}{labelText}{mapKey})",
        };
    }

    /// <summary>The numbers that contracts.lock says were removed, or null.</summary>
    public string? Reserved(string owner)
    {
        var removed = context.Removed(owner);
        return removed.Length == 0 ? null : $"new {Space}ReservedSchema[] {{ {Text.List(removed.Select(r => $"new {Space}ReservedSchema({Text.Number(r.Number)}, {Text.Quote(r.Name)})"))} }}";
    }

    private string Enum(EnumModel model)
    {
        var values = model.Values.Select(v => $"new {Space}EnumValueSchema({Text.Quote(v.Name)}, {Text.Number(v.Number)})");
        return $"new {Space}EnumSchema({Text.Quote(model.Package)}, {Text.Quote(model.Name)}, new {Space}EnumValueSchema[] {{ {Text.List(values)} }}){(Reserved($"enum {model.Package}.{model.Name}") is { } reserved ? $" {{ Reserved = {reserved} }}" : string.Empty)}";
    }
}
