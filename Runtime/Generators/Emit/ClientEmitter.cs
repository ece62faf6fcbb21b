using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits what callers outside the cluster call an exposed interface by: an implementation that puts each call into its request message. Engine-neutral.</summary>
internal sealed class ClientEmitter(CodeWriter code, InterfaceModel model, EmitContext context)
{
    private const string Catalog = "global::Granary.Rpc.Catalog.";

    public void Emit()
    {
        code.Line();
        code.Open($"private sealed class Client({Catalog}IRpcChannel channel, {Catalog}RpcOutboundKey key) : {model.TypeName}");
        code.Line($"private readonly {Catalog}IRpcChannel _channel = channel;");
        code.Line($"private readonly {Catalog}RpcOutboundKey _key = key;");
        code.Line();
        var first = true;
        foreach (var method in model.Methods)
        {
            if (!first) code.Line();
            first = false;
            EmitProxy(method);
        }

        foreach (var signature in model.RuntimeMethods) code.Line($"{signature} => throw new global::System.NotSupportedException(\"Only the runtime calls this method.\");");
        code.Close();
        foreach (var method in model.Methods) EmitCall(method);
    }

    private static string CallName(MethodModel method) => method.UniqueName + "_Outbound";

    private static string ResultType(MethodModel method) => method.Result is null ? Catalog + "RpcNone" : CallEmitter.ResultType(method);

    private void EmitProxy(MethodModel method)
    {
        var parameters = Text.List(method.Parameters.Select(p => $"{p.Declared} {p.Name}"));
        var arguments = method.Parameters.Where(p => p.Argument >= 0)
            .Select(p => $"Argument{Text.Number(p.Argument)} = {p.Name}{(method.Arguments[p.Argument].Wrapper is null ? string.Empty : ".Value")}").ToArray();
        var token = method.Parameters.FirstOrDefault(p => p.Argument < 0)?.Name ?? "default";

        // A parameter may be called like a member.
        var call = $"new {CallName(method)}(this._key){(arguments.Length == 0 ? string.Empty : $" {{ {Text.List(arguments)} }}")}";
        var send = method.Returns switch
        {
            ReturnKind.Stream => $"this._channel.StreamAsync({call}, {token})",
            ReturnKind.Void => $"this._channel.Post({call})",
            ReturnKind.TaskOf or ReturnKind.Task => $"this._channel.CallAsync({call}, {token})",
            ReturnKind.ValueTask => $"new global::System.Threading.Tasks.ValueTask(this._channel.CallAsync({call}, {token}))",
            _ => $"new {method.DeclaredReturn}(this._channel.CallAsync({call}, {token}))",
        };
        code.Line($"{method.DeclaredReturn} {method.DeclaringType}.{method.Name}({parameters}) => {send};");
    }

    private void EmitCall(MethodModel method)
    {
        var wire = new WireCode(code, context);
        code.Line();
        code.Open($"private sealed class {CallName(method)}({Catalog}RpcOutboundKey key) : {Catalog}RpcOutboundCall<{ResultType(method)}>(key)");
        for (var i = 0; i < method.Arguments.Count; i++)
        {
            var type = method.Arguments[i].Type;
            code.Line($"internal {type.Declared} Argument{Text.Number(i)}{(type is { IsValueType: false, Nullable: false } ? " = default!" : string.Empty)};");
        }

        var stream = method.Stream;
        if (stream is not null) code.Line($"private {Catalog}RpcOutboundItems<{stream.Type.Element!.Declared}>? _items;");
        code.Line();
        code.Line($"public override {Catalog}RpcMethod Method => {method.UniqueName}_Method;");
        if (stream is not null)
        {
            var argument = "Argument" + Text.Number(method.Arguments.ToList().IndexOf(stream));
            code.Line();
            code.Line($"public override {Catalog}RpcOutboundItems Items => _items ??= new({argument}, {Text.Number(ItemEmitter.RequestField(method).Number)});");
        }

        code.Line();
        code.Open("public override void WriteRequest(ref global::Granary.Codec.WireWriter writer)");
        if (method.KeyedRequest is { } keyed)
        {
            code.Line($"{context.Codec(method.Arguments[0].Type)}.Write(ref writer, Argument0);");
            code.Line($"Key.Write(ref writer, {Text.Number(keyed.Fields.First(f => f.IsKey).Number)});");
        }
        else
        {
            code.Line("Key.Write(ref writer, 1);");
            for (var i = 0; i < method.Arguments.Count; i++)
            {
                if (method.Arguments[i].Type.Shape != Shape.Stream) wire.WriteField(method.Arguments[i], "Argument" + Text.Number(i), model.FullName + "." + method.Name);
            }
        }

        code.Close();
        code.Line();
        code.Open($"public override {ResultType(method)} ReadReply(ref global::Granary.Codec.WireReader reader)");
        if (method.Result is null) code.Line("return default;");
        else CallEmitter.ReadReply(code, method, wire, context);
        code.Close();
        code.Close();
    }
}
