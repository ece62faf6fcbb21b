using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>What the emitters of one file share.</summary>
/// <param name="broken">Codecs that are not generated because of problems; the code then asks at run time, so that the problem is the only error.</param>
/// <param name="removed">What contracts.lock says was removed.</param>
internal sealed class EmitContext(EquatableArray<string> broken, EquatableArray<RemovedModel> removed)
{
    /// <summary>The numbers that an owner, such as <c>message acme.v1.Order</c>, must not use again.</summary>
    public RemovedModel[] Removed(string owner) => removed.Where(r => r.Owner == owner).ToArray();

    private readonly HashSet<string> _broken = new(broken.Select(b => "." + b + ".Shared"), StringComparer.Ordinal);

    public string Codec(TypeModel message) => IsBroken(message) ? $"global::Granary.Codec.MessageCodec<{message.Name}>.Instance" : message.Message!.Codec;

    public bool IsBroken(TypeModel message) => _broken.Count > 0 && _broken.Any(b => message.Message!.Codec.EndsWith(b, StringComparison.Ordinal));
}

/// <summary>Writes fields to a <c>ref WireWriter writer</c> and reads them from a <c>ref WireReader reader</c>.</summary>
internal sealed class WireCode(CodeWriter code, EmitContext context)
{
    private const string Errors = "global::Granary.Codec.MessageErrors.";

    public static uint Tag(int number, uint wireType) => ((uint)number << 3) | wireType;

    /// <summary>Writes a field as protobuf does: not when it is the default.</summary>
    public void WriteField(FieldModel field, string value, string owner)
    {
        var n = Text.Number(field.Number);
        var type = field.Type;
        switch (type.Shape)
        {
            case Shape.Reference:
                code.Line($"global::Granary.Calls.ReferenceCodec.Write(ref writer, {Tag(field.Number, 2)}u, {value});");
                break;
            case Shape.Stream:
                code.Line($"global::Granary.Calls.ReferenceCodec.Write(ref writer, {Tag(field.Number, 2)}u, {value}.Source);");
                break;
            case Shape.List:
                OpenIfPresent(type, value, "v" + n);
                WriteList(field, "v" + n, owner);
                code.Close();
                break;
            case Shape.Map:
                OpenIfPresent(type, value, "v" + n);
                WriteMap(field, "v" + n, owner);
                code.Close();
                break;
            case Shape.Message when type.IsValueType && !type.Nullable:
                code.Open();
                WriteTagged(type, field.Number, value, "s" + n);
                code.Close();
                break;
            default:
                if (type.Nullable || type.Shape == Shape.Message || (field.TracksPresence && !type.IsValueType))
                {
                    code.Open($"if ({value} is {{ }} v{n})");
                }
                else
                {
                    code.Line($"var v{n} = {value};");
                    var condition = field.TracksPresence ? "true" : ScalarCode.IsNotDefault(type, "v" + n);
                    code.Open(condition == "true" ? null : $"if ({condition})");
                }

                WriteTagged(type, field.Number, "v" + n, "s" + n);
                code.Close();
                break;
        }
    }

    /// <summary>Declares the local that a field is read into, with the value that an absent field has on the wire, or in JSON.</summary>
    public void DeclareField(FieldModel field, bool json = false, string modifiers = "")
    {
        var type = field.Type;
        var initial = (json || field.TracksPresence ? field.Default : null) ?? ScalarCode.Absent(type);
        var local = "f" + Text.Number(field.Number);
        code.Line(modifiers + type.Shape switch
        {
            Shape.List when type.Container == Container.HashSet => $"global::System.Collections.Generic.HashSet<{type.Element!.Declared}>? {local} = null;",
            Shape.List => $"global::System.Collections.Generic.List<{type.Element!.Declared}>? {local} = null;",
            Shape.Map => $"global::System.Collections.Generic.Dictionary<{type.Key!.Name}, {type.Element!.Declared}>? {local} = null;",
            Shape.Message or Shape.Reference => $"{type.Name}? {local} = null;",
            Shape.Stream => $"global::Granary.Rpc.IRpcStreamSource? {local} = null;",
            _ => $"{type.Declared} {local} = {initial};",
        });
    }

    /// <summary>The loop that reads fields until the message ends.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="alsoReads">Writes the case of a further field.</param>
    public void ReadLoop(IEnumerable<FieldModel> fields, Action? alsoReads = null)
    {
        code.Open("for (uint tag; (tag = reader.ReadTag()) != 0;)");
        code.Open("switch (tag)");
        alsoReads?.Invoke();
        foreach (var field in fields) ReadCases(field);
        code.Line("default: reader.Skip(tag); break;");
        code.Close();
        code.Close();
    }

    /// <summary>The field's value, of its declared type, once all has been read.</summary>
    public string Finish(FieldModel field) => FinishLocal(field.Type, "f" + Text.Number(field.Number));

    /// <summary>The same for a local by another name.</summary>
    public string FinishLocal(TypeModel type, string local)
    {
        switch (type.Shape)
        {
            case Shape.Message when !type.Nullable:
                if (type.Message!.HasEmpty) return $"{local} ?? {context.Codec(type)}.ReadEmpty()";
                return type.IsValueType ? $"{local}.GetValueOrDefault()" : local + "!";
            case Shape.Reference when !type.Nullable:
                return local + "!";
            case Shape.Stream:
                return $"{type.Name}.FromSource({local} ?? throw {Errors}MissingStream(ref reader))";
            case Shape.List:
            case Shape.Map:
                return FinishCollection(type, local);
            default:
                return local;
        }
    }

    private string FinishCollection(TypeModel type, string local)
    {
        var empty = type.Container switch
        {
            Container.Array => $"global::System.Array.Empty<{type.Element!.Declared}>()",
            Container.List or Container.ListInterface => $"new global::System.Collections.Generic.List<{type.Element!.Declared}>()",
            Container.ReadOnlyListInterface => $"({type.Name})global::System.Array.Empty<{type.Element!.Declared}>()",
            Container.HashSet => $"new global::System.Collections.Generic.HashSet<{type.Element!.Declared}>()",
            Container.ImmutableArray => $"global::System.Collections.Immutable.ImmutableArray<{type.Element!.Declared}>.Empty",
            Container.ImmutableList => $"({type.Name})global::System.Collections.Immutable.ImmutableList<{type.Element!.Declared}>.Empty",
            Container.ImmutableDictionary => $"({type.Name})global::System.Collections.Immutable.ImmutableDictionary<{type.Key!.Name}, {type.Element!.Declared}>.Empty",
            _ => $"new global::System.Collections.Generic.Dictionary<{type.Key!.Name}, {type.Element!.Declared}>()",
        };
        var full = type.Container switch
        {
            Container.Array => $"{local}.ToArray()",
            Container.ImmutableArray => $"global::System.Collections.Immutable.ImmutableArray.CreateRange({local})",
            Container.ImmutableList => $"global::System.Collections.Immutable.ImmutableList.CreateRange({local})",
            Container.ImmutableDictionary => $"global::System.Collections.Immutable.ImmutableDictionary.CreateRange({local})",
            _ => local,
        };
        if (type.Nullable) return full == local ? local : $"{local} is null ? null : {full}";
        return $"{local} is null ? {empty} : {full}";
    }

    private void OpenIfPresent(TypeModel type, string value, string local)
    {
        if (type.Container == Container.ImmutableArray) code.Open($"if ({value} is {{ IsDefaultOrEmpty: false }} {local})");
        else code.Open($"if ({value} is {{ {Count(type)}: > 0 }} {local})");
    }

    private static string Count(TypeModel type) => type.Container is Container.Array or Container.ImmutableArray ? "Length" : "Count";

    /// <summary>What to loop over: spans where there is one.</summary>
    public static string Iterate(TypeModel type, string value) => type.Container switch
    {
        Container.List => $"global::System.Runtime.InteropServices.CollectionsMarshal.AsSpan({value})",
        Container.ListInterface or Container.ReadOnlyListInterface => $"global::Granary.Codec.Elements.Of({value})",
        _ => value,
    };

    private void WriteList(FieldModel field, string list, string owner)
    {
        var element = field.Type.Element!;
        var n = Text.Number(field.Number);
        if (element.IsPackable)
        {
            code.Line($"var s{n} = writer.BeginMessage({Tag(field.Number, 2)}u);");
            code.Line($"foreach (var e{n} in {Iterate(field.Type, list)}) {ScalarCode.Write(element, "e" + n)}");
            code.Line($"writer.EndMessage(s{n});");
            return;
        }

        code.Open($"foreach (var e{n} in {Iterate(field.Type, list)})");
        WriteElement(element, field.Number, "e" + n, "s" + n, owner + "." + field.JsonName);
        code.Close();
    }

    private void WriteMap(FieldModel field, string map, string owner)
    {
        var n = Text.Number(field.Number);
        var (key, value) = (field.Type.Key!, field.Type.Element!);
        code.Open($"foreach (var e{n} in {map})");
        code.Line($"var s{n} = writer.BeginMessage({Tag(field.Number, 2)}u);");
        code.Line($"writer.WriteTag({Tag(1, key.WireType)}u);");
        code.Line(ScalarCode.Write(key, $"e{n}.Key"));
        WriteElement(value, 2, $"e{n}.Value", "t" + n, owner + "." + field.JsonName);
        code.Line($"writer.EndMessage(s{n});");
        code.Close();
    }

    private void WriteElement(TypeModel element, int number, string value, string token, string owner)
    {
        if (element.Shape == Shape.Reference)
        {
            code.Line($"global::Granary.Calls.ReferenceCodec.Write(ref writer, {Tag(number, 2)}u, {value});");
            return;
        }

        if (!element.IsValueType) code.Line($"if ({value} is null) throw {Errors}NullElement({Text.Quote(owner)});");
        WriteTagged(element, number, value, token);
    }

    private void WriteTagged(TypeModel type, int number, string value, string token)
    {
        if (type.Shape == Shape.Message)
        {
            code.Line($"var {token} = writer.BeginMessage({Tag(number, 2)}u);");
            code.Line($"{context.Codec(type)}.Write(ref writer, {value});");
            code.Line($"writer.EndMessage({token});");
            return;
        }

        code.Line($"writer.WriteTag({Tag(number, type.WireType)}u);");
        code.Line(ScalarCode.Write(type, value));
    }

    private void ReadCases(FieldModel field)
    {
        var n = Text.Number(field.Number);
        var type = field.Type;
        switch (type.Shape)
        {
            case Shape.List:
                ReadListCases(field, n);
                break;
            case Shape.Map:
                ReadMapCase(field, n);
                break;
            case Shape.Message:
                code.Open($"case {Tag(field.Number, 2)}u:");
                ReadMessage(type, "f" + n);
                code.Line("break;");
                code.Close();
                break;
            case Shape.Reference:
                code.Line($"case {Tag(field.Number, 2)}u: f{n} = global::Granary.Calls.ReferenceCodec.Read<{type.Name}>(ref reader); break;");
                break;
            case Shape.Stream:
                code.Line($"case {Tag(field.Number, 2)}u: f{n} = global::Granary.Calls.ReferenceCodec.Read<global::Granary.Rpc.IRpcStreamSource>(ref reader); break;");
                break;
            default:
                code.Line($"case {Tag(field.Number, type.WireType)}u: f{n} = {ScalarCode.Read(type)}; break;");
                break;
        }
    }

    private void ReadMessage(TypeModel type, string target)
    {
        code.Line("var token = reader.EnterMessage();");
        code.Line($"{target} = {context.Codec(type)}.Read(ref reader);");
        code.Line("reader.ExitMessage(token);");
    }

    private void ReadListCases(FieldModel field, string n)
    {
        var element = field.Type.Element!;
        if (element.IsPackable)
        {
            // Both forms are accepted from every sender.
            code.Open($"case {Tag(field.Number, 2)}u:");
            code.Line($"f{n} ??= [];");
            code.Line("var token = reader.EnterPacked();");
            code.Line($"while (reader.HasMore) f{n}.Add({ScalarCode.Read(element)});");
            code.Line("reader.ExitPacked(token);");
            code.Line("break;");
            code.Close();
            code.Line($"case {Tag(field.Number, element.WireType)}u: (f{n} ??= []).Add({ScalarCode.Read(element)}); break;");
            return;
        }

        switch (element.Shape)
        {
            case Shape.Message:
                code.Open($"case {Tag(field.Number, 2)}u:");
                code.Line("var token = reader.EnterMessage();");
                code.Line($"(f{n} ??= []).Add({context.Codec(element)}.Read(ref reader));");
                code.Line("reader.ExitMessage(token);");
                code.Line("break;");
                code.Close();
                break;
            case Shape.Reference:
                code.Line($"case {Tag(field.Number, 2)}u: (f{n} ??= []).Add(global::Granary.Calls.ReferenceCodec.Read<{element.Name}>(ref reader)!); break;");
                break;
            default:
                code.Line($"case {Tag(field.Number, 2)}u: (f{n} ??= []).Add({ScalarCode.Read(element)}); break;");
                break;
        }
    }

    private void ReadMapCase(FieldModel field, string n)
    {
        var (key, value) = (field.Type.Key!, field.Type.Element!);
        code.Open($"case {Tag(field.Number, 2)}u:");
        code.Line("var entry = reader.EnterMessage();");
        code.Line($"{key.Name} k = {ScalarCode.Absent(key)};");
        code.Line(value.Shape == Shape.Message ? $"{value.Name}? v = null;" : $"{value.Declared} v = {ScalarCode.Absent(value)};");
        code.Open("for (uint inner; (inner = reader.ReadTag()) != 0;)");
        code.Open("switch (inner)");
        code.Line($"case {Tag(1, key.WireType)}u: k = {ScalarCode.Read(key)}; break;");
        if (value.Shape == Shape.Message)
        {
            code.Open($"case {Tag(2, 2)}u:");
            ReadMessage(value, "v");
            code.Line("break;");
            code.Close();
        }
        else
        {
            code.Line($"case {Tag(2, value.WireType)}u: v = {ScalarCode.Read(value)}; break;");
        }

        code.Line("default: reader.Skip(inner); break;");
        code.Close();
        code.Close();
        code.Line("reader.ExitMessage(entry);");
        code.Line($"(f{n} ??= [])[k] = {FinishLocal(value, "v")};");
        code.Line("break;");
        code.Close();
    }
}
