using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the request of one exposed method: what the gateway fills, sends and reads the result of.</summary>
internal sealed class RequestEmitter(CodeWriter code, InterfaceModel model, MethodModel method, EmitContext context, bool binds)
{
    private const string Catalog = "global::Granary.Rpc.Catalog.";
    private const string Json = "global::Granary.Codec.JsonValue.";
    private const string Path = "ref global::Granary.Codec.JsonPath path";

    private readonly WireCode _wire = new(code, context);
    private readonly JsonCode _json = new(code, context);
    private readonly CopyCode _copy = new(context);

    /// <summary>The fields that callers fill: the arguments, or the members of the lone one that holds the key. Without the key.</summary>
    private readonly FieldModel[] _fields = (method.KeyedRequest?.Fields ?? method.Arguments).Where(f => f.Type.Shape != Shape.Stream && !(method.KeyedRequest is not null && f.IsKey)).ToArray();

    private readonly FieldModel? _keyField = method.KeyedRequest?.Fields.First(f => f.IsKey);

    private string KeyArguments => model.Key is KeyKind.IntegerCompound or KeyKind.GuidCompound ? "Key.Value, Key.Extension" : "Key.Value";

    private string KeyName => _keyField?.JsonName ?? "key";

    private bool IsStream => method.Returns == ReturnKind.Stream;

    public void Emit()
    {
        code.Open($"private sealed class {method.UniqueName}_Request : {Catalog}RpcKeyedRequest<{Catalog}Rpc{model.Key}Key>");
        foreach (var field in _fields)
        {
            _wire.DeclareField(field, json: true, "private ");
            code.Line($"private bool seen{Text.Number(field.Number)};");
        }

        if (_fields.Any(KeepsInitialValue)) code.Line("private bool _fromWire;");
        if (method.Stream is { } stream) code.Line($"private readonly global::Granary.Rpc.RpcStreamItems<{stream.Type.Element!.Declared}> _items = new({Text.Number(ItemEmitter.RequestField(method).Number)});");
        if (method.Result is { } result)
            code.Line(IsStream ? $"private global::System.Collections.Generic.IAsyncEnumerator<{CallEmitter.ResultType(method)}>? _results;" : $"private {result.Maybe} _result;");
        code.Line();
        code.Line($"public override {Catalog}RpcMethod Method => {method.UniqueName}_Method;");
        code.Line();
        code.Line($"public override bool HasResult => {Text.Bool(method.Result is not null)};");
        if (method.Stream is not null)
        {
            code.Line();
            code.Line($"public override {Catalog}RpcRequestItems? Items => _items;");
        }

        if (_keyField is not null)
        {
            code.Line();
            code.Line($"protected override string KeyField => {Text.Quote(KeyName)};");
        }

        EmitPassThrough();
        EmitSetArgument();
        EmitReadJson();
        EmitCheckArguments();
        EmitRead();
        EmitInvoke();
        EmitResult();
        EmitReplay();
        _copy.EmitMethods(code);
        code.Close();
    }

    /// <summary>The engine's message of a call is the request message, but for the key where that is no argument: one can be sent for the other. Streams are read item by item.</summary>
    private void EmitPassThrough()
    {
        if (method.Stream is not null || IsStream || method.Returns == ReturnKind.Void) return;
        if (_keyField is not null)
        {
            code.Line();
            code.Line($"protected override int KeyNumber => {Text.Number(_keyField.Number)};");
        }

        code.Line();
        code.Line($"public override string? PassThroughMethod => {Text.Quote(method.Name)};");
        code.Line();
        code.Line($"public override global::Orleans.Runtime.IAddressable GetGrain(global::Orleans.IGrainFactory grains) => grains.GetGrain<{model.TypeName}>({KeyArguments});");
    }

    private void EmitSetArgument()
    {
        var names = string.Join(", ", _fields.Select(f => f.JsonName));
        code.Line();
        code.Open("public override void SetArgument(string name, string text)");
        if (_fields.Any(f => f.Type.Shape is Shape.Scalar or Shape.Enum)) code.Line("var path = default(global::Granary.Codec.JsonPath);");
        code.Open("switch (name)");
        foreach (var field in _fields)
        {
            var n = Text.Number(field.Number);
            code.Line($"case {Text.Quote(field.JsonName)}:");
            if (field.Type.Shape is not (Shape.Scalar or Shape.Enum))
            {
                code.Line($"    throw new global::Granary.Codec.JsonFieldException(name, {Text.Quote($"{ScalarCode.Expected(field.Type)} does not fit in an address; send it in the body")});");
                continue;
            }

            code.Line($"    if (seen{n}) throw {Json}DuplicateField(ref path, name);");
            code.Line("    path.Push(name);");
            code.Line($"    f{n} = {ScalarCode.Parse(field.Type, "text")};");
            code.Line($"    seen{n} = true;");
            code.Line("    return;");
        }

        code.Line("default:");
        code.Line($"    throw new global::Granary.Codec.JsonFieldException(name, {Text.Quote(names.Length == 0 ? "unknown parameter; the method takes none" : "unknown parameter; the parameters are " + names)});");
        code.Close();
        code.Close();
    }

    private void EmitReadJson()
    {
        var names = string.Join(", ", _fields.Select(f => f.JsonName));
        var all = names.Length == 0 ? KeyName : KeyName + ", " + names;
        if (method.Stream is not null) all += ", item";
        code.Line();
        code.Open("public override void ReadJson(ref global::System.Text.Json.Utf8JsonReader reader, bool keyInBody, global::Granary.Codec.JsonFormat format)");
        code.Line("var path = new global::Granary.Codec.JsonPath(format);");
        code.Line("if (reader.TokenType == global::System.Text.Json.JsonTokenType.None) reader.Read();");
        code.Line($"{Json}ExpectObject(ref reader, ref path);");
        code.Line("var seenKey = false;");
        _json.ForgetDefaults(_fields);

        // A DTO that holds the key may hold it beside the address; otherwise the key is only there when it is asked for.
        var condition = _keyField is null ? "keyInBody && " : string.Empty;
        _json.ReadProperties(
            _fields,
            () =>
            {
                var named = _keyField is null ? $"{Json}NameEquals(ref reader, \"key\"u8)" : JsonCode.IsNamed(_keyField.JsonName);
                code.Open($"if ({condition}({named}))");
                code.Line($"if (seenKey) throw {Json}DuplicateField(ref path, {Text.Quote(KeyName)});");
                code.Line("seenKey = true;");
                code.Line($"path.Push({Text.Quote(KeyName)});");
                code.Line("reader.Read();");
                code.Line($"if (!{Json}IsAbsent(ref reader, ref path)) ReadJsonKey(ref reader, ref path);");
                code.Line("path.Pop();");
                code.Line("continue;");
                code.Close();
                code.Line();
                if (method.Stream is null) return;
                code.Open($"if (keyInBody && {Json}NameEquals(ref reader, \"item\"u8))");
                code.Line("reader.Skip();");
                code.Line("continue;");
                code.Close();
                code.Line();
            },
            _keyField is null ? $"keyInBody ? {Text.Quote(all)} : {Text.Quote(names)}" : Text.Quote(all));
        code.Open("if (path.IsProto3)");
        code.Line("AfterRead();");
        if (_fields.Any(KeepsInitialValue)) code.Line("_fromWire = true;");
        code.Line("return;");
        code.Close();
        code.Line();
        code.Line("if (keyInBody && !seenKey) throw MissingKey(ref path);");
        code.Line("CheckArguments();");
        code.Close();
    }

    private void EmitCheckArguments()
    {
        var required = _fields.Where(f => f.Required).ToArray();
        code.Line();
        code.Open("public override void CheckArguments()");
        if (required.Length > 0) code.Line("var path = default(global::Granary.Codec.JsonPath);");
        foreach (var field in required) _json.CheckSeen(field);
        code.Close();
    }

    private void EmitRead()
    {
        code.Line();
        code.Open("public override void Read(ref global::Granary.Codec.WireReader reader)");

        // What JSON leaves out takes the C# default; what protobuf leaves out is empty, unless presence is tracked.
        foreach (var field in _fields.Where(f => f is { Default: not null, TracksPresence: false })) code.Line($"f{Text.Number(field.Number)} = {ScalarCode.Absent(field.Type)};");
        var keyNumber = _keyField?.Number ?? 1;
        var keyWire = model.Key == KeyKind.Integer ? 0u : 2u;
        _wire.ReadLoop(_fields, () => code.Line($"case {WireCode.Tag(keyNumber, keyWire)}u: ReadKey(ref reader); break;"));
        code.Line("AfterRead();");
        if (_fields.Any(KeepsInitialValue)) code.Line("_fromWire = true;");
        code.Close();
    }

    private void EmitInvoke()
    {
        var grain = $"grains.GetGrain<{model.TypeName}>({KeyArguments})";
        var target = $"(({method.DeclaringType}){grain})";
        var arguments = Text.List(method.Parameters.Select(p => p.Argument < 0 ? "cancellation" : Argument(method.Arguments[p.Argument])));
        var call = $"{target}.{method.Name}({arguments})";
        var signature = "ValueTask InvokeAsync(global::Orleans.IGrainFactory grains, global::System.Threading.CancellationToken cancellation)";
        code.Line();
        if (IsStream)
        {
            code.Open("public override global::System.Threading.Tasks." + signature);
            if (method.KeyedRequest is not null) BuildKeyed();
            if (binds && method.Stream is not null) code.Line("_items.Stream.Bind(grains);");
            code.Line($"_results = {call}.GetAsyncEnumerator(cancellation);");
            code.Line("return default;");
            code.Close();
            code.Line();
            code.Line("public override global::System.Threading.Tasks.ValueTask<bool> MoveNextAsync() => _results!.MoveNextAsync();");
            code.Line();
            if (method.Stream is null)
            {
                code.Line("public override global::System.Threading.Tasks.ValueTask DisposeAsync() => _results?.DisposeAsync() ?? default;");
                return;
            }

            code.Open("public override async global::System.Threading.Tasks.ValueTask DisposeAsync()");
            code.Open("try");
            code.Line("if (_results is not null) await _results.DisposeAsync();");
            code.Close();
            code.Open("finally");
            code.Line("_items.Stream.Close();");
            code.Close();
            code.Close();
            return;
        }

        if (method.Returns == ReturnKind.Void)
        {
            code.Open("public override global::System.Threading.Tasks." + signature);
            if (method.KeyedRequest is not null) BuildKeyed();
            code.Line(call + ";");
            code.Line("return default;");
            code.Close();
            return;
        }

        code.Open("public override async global::System.Threading.Tasks." + signature);
        if (method.KeyedRequest is not null) BuildKeyed();
        var statement = method.Result is null ? $"await {call};" : $"_result = {(method.ResultWrapper is null ? $"await {call}" : $"(await {call}).Value")};";
        if (method.Stream is null)
        {
            code.Line(statement);
        }
        else
        {
            if (binds) code.Line("_items.Stream.Bind(grains);");
            code.Open("try");
            code.Line(statement);
            code.Close();
            code.Open("finally");
            code.Line("_items.Stream.Close();");
            code.Close();
        }

        code.Close();
    }

    private void BuildKeyed()
    {
        MessageEmitter.Construct(code, "var request =", method.KeyedRequest!, f => f.IsKey ? KeyValue() : KeepsInitialValue(f) ? InitialOr(f) : _wire.Finish(f));
    }

    /// <summary>A member that JSON left out keeps the value of its declaration, as the type's own codec does it. Protobuf knows no such values.</summary>
    private string InitialOr(FieldModel field)
    {
        var initial = _copy.Copy(field, $"{context.Codec(method.Arguments[0].Type).Replace(".Shared", string.Empty)}.InitialValues.Instance.{field.Name}", "i" + Text.Number(field.Number));
        return $"_fromWire || seen{Text.Number(field.Number)} ? ({_wire.Finish(field)}) : ({initial})";
    }

    private bool KeepsInitialValue(FieldModel field) => method.KeyedRequest is not null && field.HasInitialValue && context.Codec(method.Arguments[0].Type).EndsWith(".Shared", StringComparison.Ordinal);

    private string KeyValue() => model.Key is KeyKind.IntegerCompound or KeyKind.GuidCompound ? "Key.Text" : "Key.Value";

    private string Argument(FieldModel argument)
    {
        if (method.KeyedRequest is not null) return "request";
        if (argument.Type.Shape == Shape.Stream) return "_items.Stream";
        var value = _wire.Finish(argument);
        return argument.Wrapper is null ? value : $"new {argument.Wrapper}({value})";
    }

    private void EmitResult()
    {
        var result = method.Result;
        var value = !IsStream ? "_result" : method.ResultWrapper is null ? "_results!.Current" : "_results!.Current.Value";
        code.Line();
        code.Open("public override void WriteResultJson(global::System.Text.Json.Utf8JsonWriter writer, global::Granary.Codec.JsonFormat format)");
        if (result is null)
        {
            code.Line("writer.WriteNullValue();");
        }
        else if (result.IsValueType && !result.Nullable)
        {
            _json.WriteValue(result, value, "0");
        }
        else
        {
            code.Open($"if ({value} is {{ }} value)");
            _json.WriteValue(result, "value", "0");
            code.Close();
            code.Open("else");
            code.Line("writer.WriteNullValue();");
            code.Close();
        }

        code.Close();
        code.Line();
        code.Open("public override void WriteResult(ref global::Granary.Codec.WireWriter writer)");
        if (result is not null) CallEmitter.WriteReply(code, result, value, model.FullName + "." + method.Name, _wire, context);
        code.Close();
    }

    /// <summary>What it takes to know a call again, and to answer it by an earlier one's reply.</summary>
    private void EmitReplay()
    {
        if (method.Stream is not null || IsStream || method.Returns == ReturnKind.Void) return;
        code.Line();
        code.Open("public override void WriteArguments(ref global::Granary.Codec.WireWriter writer)");
        if (method.KeyedRequest is not null)
        {
            BuildKeyed();
            code.Line($"{context.Codec(method.Arguments[0].Type)}.Write(ref writer, request);");
        }
        else
        {
            foreach (var field in _fields)
            {
                var n = Text.Number(field.Number);
                code.Line($"var a{n} = {_wire.Finish(field)};");
                _wire.WriteField(field, "a" + n, model.FullName + "." + method.Name);
            }
        }

        code.Close();
        if (method.Result is not { } result) return;
        code.Line();
        code.Open("public override void ReadResult(ref global::Granary.Codec.WireReader reader)");
        code.Line("_result = Result(ref reader);");
        code.Line();
        code.Open($"static {result.Declared} Result(ref global::Granary.Codec.WireReader reader)");
        CallEmitter.ReadReply(code, method, _wire, context, unwrapped: true);
        code.Close();
        code.Close();
    }
}
