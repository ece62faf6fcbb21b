using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the proxy and the calls of one interface, for the embedded engine.</summary>
internal static class CallEmitter
{
    private const string Calls = "global::Granary.Calls.";

    public static string ClassName(InterfaceModel model) => model.Stem + "_Calls";

    public static string Emit(InterfaceModel model, string space, EmitContext context)
    {
        var code = CodeWriter.File(space);
        code.Line($"/// <summary>How {MessageEmitter.Escape(model.FullName)} is called.</summary>");
        code.Open($"internal static class {ClassName(model)}");
        code.Line($"internal static readonly {Calls}CallInterface Interface = new(");
        code.Line($"    typeof({model.TypeName}),");
        code.Line($"    {Text.Quote(model.WireName)},");
        code.Line($"    {Text.Number(model.Version)},");
        code.Line("    static init => new Proxy(init),");
        code.Line($"    new {Calls}CallMethod[] {{ {Text.List(model.Methods.Select(m => CallName(m) + ".Info"))} }});");
        code.Line();
        EmitProxy(code, model);
        foreach (var method in model.Methods)
        {
            code.Line();
            EmitCall(code, model, method, context);
        }

        code.Close();
        return code.ToString();
    }

    private static string CallName(MethodModel method) => method.UniqueName + "_Call";

    private static void EmitProxy(CodeWriter code, InterfaceModel model)
    {
        code.Open($"private sealed class Proxy({Calls}ProxyInit init) : {Calls}GrainProxy(init), {model.TypeName}");
        var first = true;
        foreach (var method in model.Methods)
        {
            if (!first) code.Line();
            first = false;
            var parameters = Text.List(method.Parameters.Select(p => $"{p.Declared} {p.Name}"));
            code.Open($"{method.DeclaredReturn} {method.DeclaringType}.{method.Name}({parameters})");

            var call = "__call";
            while (method.Parameters.Any(p => p.Name == call)) call += "_";
            code.Line(method.Returns == ReturnKind.Stream ? $"var {call} = new {CallName(method)}();" : $"var {call} = {Calls}CallPool<{CallName(method)}>.Rent();");
            foreach (var parameter in method.Parameters.Where(p => p.Argument >= 0))
            {
                var wrapped = method.Arguments[parameter.Argument].Wrapper is not null;
                code.Line($"{call}.Argument{Text.Number(parameter.Argument)} = {parameter.Name}{(wrapped ? ".Value" : string.Empty)};");
            }

            var token = method.Parameters.FirstOrDefault(p => p.Argument < 0)?.Name ?? "default";
            switch (method.Returns)
            {
                case ReturnKind.Stream:
                    code.Line($"return {call}.SendStream(this, {token});");
                    break;
                case ReturnKind.Void:
                    code.Line($"{call}.SendOneWay(this);");
                    break;
                case ReturnKind.Task or ReturnKind.ValueTask when method.Flags.Contains("OneWay"):
                    code.Line($"{call}.SendOneWay(this);");
                    code.Line(method.Returns == ReturnKind.Task ? "return global::System.Threading.Tasks.Task.CompletedTask;" : "return default;");
                    break;
                case ReturnKind.Task or ReturnKind.TaskOf:
                    code.Line($"return {call}.SendTask(this, {token});");
                    break;
                default:
                    code.Line($"return {call}.Send(this, {token});");
                    break;
            }

            code.Close();
        }

        foreach (var signature in model.RuntimeMethods)
        {
            if (!first) code.Line();
            first = false;
            code.Line($"{signature} => throw new global::System.NotSupportedException(\"Only the runtime calls this method.\");");
        }

        code.Close();
    }

    private static void EmitCall(CodeWriter code, InterfaceModel model, MethodModel method, EmitContext context)
    {
        var name = CallName(method);
        var resultType = ResultType(method);
        var parent = method.Returns switch
        {
            ReturnKind.Stream => $"{Calls}StreamCall<{resultType}>",
            ReturnKind.TaskOf or ReturnKind.ValueTaskOf => $"{Calls}Call<{resultType}>",
            _ => Calls + "VoidCall",
        };
        var (wire, copy) = (new WireCode(code, context), new CopyCode(context));
        code.Open($"internal sealed class {name} : {parent}");
        var create = method.Returns == ReturnKind.Stream ? $"new {name}()" : $"{Calls}CallPool<{name}>.Rent()";
        var flags = method.Flags.Count == 0 ? Calls + "CallFlags.None" : string.Join(" | ", method.Flags.Select(f => Calls + "CallFlags." + f));
        var types = Text.List(method.ParameterTypes.Select(t => $"typeof({t})"));
        code.Line($"internal static readonly {Calls}CallMethod Info = new({Text.Quote(method.Name.TrimStart('@'))}, {Text.Number(method.Id)}u, static () => {create}, {flags}, {Text.Number(method.ResponseTimeoutMs)}, new global::System.Type[] {{ {types} }});");
        code.Line();
        for (var i = 0; i < method.Arguments.Count; i++) code.Line($"internal {method.Arguments[i].Type.Declared} Argument{Text.Number(i)}{(NeedsSuppression(method.Arguments[i].Type) ? " = default!" : string.Empty)};");
        if (method.Arguments.Count > 0) code.Line();
        code.Line($"public override {Calls}CallMethod Method => Info;");
        EmitFilterAccess(code, method);
        EmitIsolation(code, method, copy);
        EmitArguments(code, method, wire, context, model);
        EmitInvoke(code, method, resultType);
        if (method.Result is not null) EmitResult(code, model, method, resultType, wire, copy, context);
        if (method.Returns != ReturnKind.Stream) EmitReturn(code, method, name);
        copy.EmitMethods(code);
        code.Close();
    }

    private static void EmitFilterAccess(CodeWriter code, MethodModel method)
    {
        if (method.Arguments.Count == 0) return;
        code.Line();
        code.Line($"public override int ArgumentCount => {Text.Number(method.Arguments.Count)};");
        code.Line();
        code.Open("public override object? GetArgument(int i) => i switch");
        for (var i = 0; i < method.Arguments.Count; i++) code.Line($"{Text.Number(i)} => Argument{Text.Number(i)},");
        code.Line("_ => base.GetArgument(i),");
        code.Close(";");
        code.Line();
        code.Open("public override void SetArgument(int i, object? v)");
        code.Open("switch (i)");
        for (var i = 0; i < method.Arguments.Count; i++) code.Line($"case {Text.Number(i)}: Argument{Text.Number(i)} = ({method.Arguments[i].Type.Declared})v!; break;");
        code.Line("default: base.SetArgument(i, v); break;");
        code.Close();
        code.Close();
    }

    private static void EmitIsolation(CodeWriter code, MethodModel method, CopyCode copy)
    {
        if (!method.Arguments.Any(a => a.MustCopy)) return;
        code.Line();
        code.Open("public override void IsolateArguments()");
        for (var i = 0; i < method.Arguments.Count; i++)
        {
            if (method.Arguments[i].MustCopy) code.Line($"Argument{Text.Number(i)} = {copy.Copy(method.Arguments[i], "Argument" + Text.Number(i), Text.Number(i))};");
        }

        code.Close();
    }

    private static void EmitArguments(CodeWriter code, MethodModel method, WireCode wire, EmitContext context, InterfaceModel model)
    {
        var owner = model.FullName + "." + method.Name;
        code.Line();
        code.Open("public override void WriteArguments(ref global::Granary.Codec.WireWriter writer)");
        if (method.KeyedRequest is not null) code.Line($"{context.Codec(method.Arguments[0].Type)}.Write(ref writer, Argument0);");
        else for (var i = 0; i < method.Arguments.Count; i++) wire.WriteField(method.Arguments[i], "Argument" + Text.Number(i), owner);
        code.Close();
        code.Line();
        code.Open("public override void ReadArguments(ref global::Granary.Codec.WireReader reader)");
        if (method.KeyedRequest is not null)
        {
            code.Line($"Argument0 = {context.Codec(method.Arguments[0].Type)}.Read(ref reader);");
        }
        else
        {
            foreach (var argument in method.Arguments) wire.DeclareField(argument);
            wire.ReadLoop(method.Arguments);
            for (var i = 0; i < method.Arguments.Count; i++) code.Line($"Argument{Text.Number(i)} = {wire.Finish(method.Arguments[i])};");
        }

        code.Close();
    }

    private static void EmitInvoke(CodeWriter code, MethodModel method, string resultType)
    {
        var arguments = Text.List(method.Parameters.Select(p => p.Argument < 0 ? "CancellationToken"
            : method.Arguments[p.Argument].Wrapper is { } wrapper ? $"new {wrapper}(Argument{Text.Number(p.Argument)})" : "Argument" + Text.Number(p.Argument)));
        var call = $"(({method.DeclaringType})target).{method.Name}({arguments})";
        code.Line();
        switch (method.Returns)
        {
            case ReturnKind.Stream:
                code.Line($"protected override global::System.Collections.Generic.IAsyncEnumerable<{resultType}> Invoke(object target) => {call};");
                break;
            case ReturnKind.TaskOf:
                code.Line($"protected override global::System.Threading.Tasks.ValueTask<{resultType}> InvokeAsync(object target) => new({call});");
                break;
            case ReturnKind.ValueTaskOf:
                code.Line($"protected override global::System.Threading.Tasks.ValueTask<{resultType}> InvokeAsync(object target) => {call};");
                break;
            case ReturnKind.Task:
                code.Line($"protected override global::System.Threading.Tasks.ValueTask InvokeAsync(object target) => new({call});");
                break;
            case ReturnKind.ValueTask:
                code.Line($"protected override global::System.Threading.Tasks.ValueTask InvokeAsync(object target) => {call};");
                break;
            default:
                code.Open("protected override global::System.Threading.Tasks.ValueTask InvokeAsync(object target)");
                code.Line(call + ";");
                code.Line("return default;");
                code.Close();
                break;
        }
    }

    private static void EmitResult(CodeWriter code, InterfaceModel model, MethodModel method, string resultType, WireCode wire, CopyCode copy, EmitContext context)
    {
        var isStream = method.Returns == ReturnKind.Stream;
        var noun = isStream ? "Item" : "Result";
        var result = method.Result!;
        if (!result.Immutable)
        {
            code.Line();
            code.Line($"{(isStream ? "public" : "protected")} override {resultType} Copy{noun}({resultType} value) => {copy.Copy(result, "value", "0")};");
        }

        code.Line();
        code.Open($"public override void Write{noun}(ref global::Granary.Codec.WireWriter writer, {resultType} value)");
        WriteReply(code, result, method.ResultWrapper is null ? "value" : "value.Value", model.FullName + "." + method.Name, wire, context);
        code.Close();
        code.Line();
        code.Open($"public override {resultType} Read{noun}(ref global::Granary.Codec.WireReader reader)");
        ReadReply(code, method, wire, context);
        code.Close();
    }

    /// <summary>Whether the result is its own reply message; anything else is wrapped.</summary>
    public static bool IsOwnReply(TypeModel result) => result is { Shape: Shape.Message, Nullable: false };

    public static FieldModel ReplyField(TypeModel result) => new() { Number = 1, Name = "result", JsonName = "result", Type = result };

    public static void WriteReply(CodeWriter code, TypeModel result, string value, string owner, WireCode wire, EmitContext context)
    {
        if (!IsOwnReply(result))
        {
            wire.WriteField(ReplyField(result), value, owner);
            return;
        }

        if (!result.IsValueType) code.Line($"if ({value} is null) throw global::Granary.Codec.MessageErrors.NullResult({Text.Quote(owner)});");
        code.Line($"{context.Codec(result)}.Write(ref writer, {value});");
    }

    /// <summary>Reads the reply message from <c>reader</c> and returns the result, or what its wrapper holds.</summary>
    public static void ReadReply(CodeWriter code, MethodModel method, WireCode wire, EmitContext context, bool unwrapped = false)
    {
        var result = method.Result!;
        var (open, close) = unwrapped || method.ResultWrapper is null ? (string.Empty, string.Empty) : ($"new {method.ResultWrapper}(", ")");
        if (IsOwnReply(result))
        {
            code.Line($"return {open}{context.Codec(result)}.Read(ref reader){close};");
        }
        else
        {
            var field = ReplyField(result);
            wire.DeclareField(field);
            wire.ReadLoop([field]);
            code.Line($"return {open}{wire.Finish(field)}{close};");
        }

    }

    public static string ResultType(MethodModel method) => method.ResultWrapper ?? method.Result?.Declared ?? string.Empty;

    private static void EmitReturn(CodeWriter code, MethodModel method, string name)
    {
        code.Line();
        code.Open("protected override void ReturnToPool()");
        for (var i = 0; i < method.Arguments.Count; i++)
        {
            // A number left behind does no harm; an object left behind is a leak.
            if (HoldsReferences(method.Arguments[i].Type)) code.Line($"Argument{Text.Number(i)} = default!;");
        }

        code.Line($"{Calls}CallPool<{name}>.Return(this);");
        code.Close();
    }

    private static bool HoldsReferences(TypeModel type) => !type.IsValueType || type.Shape is Shape.Message or Shape.List or Shape.Map || type.Scalar is Scalar.Memory or Scalar.GrainId;

    private static bool NeedsSuppression(TypeModel type) => !type.IsValueType && !type.Nullable;
}
