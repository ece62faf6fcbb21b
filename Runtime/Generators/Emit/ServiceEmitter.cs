using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Emits the descriptor of one exposed interface.</summary>
internal static class ServiceEmitter
{
    private const string Catalog = "global::Granary.Rpc.Catalog.";

    public static string ClassName(InterfaceModel model) => model.Stem + "_Service";

    /// <param name="model">The interface.</param>
    /// <param name="space">The namespace of generated types.</param>
    /// <param name="context">What is not generated.</param>
    /// <param name="taken">Full message names that more than one method or type would have.</param>
    /// <param name="binds">Whether requests bind their streams themselves, because the engine does not.</param>
    public static string Emit(InterfaceModel model, string space, EmitContext context, EquatableArray<string> taken, bool binds)
    {
        var service = model.Service!;
        var code = CodeWriter.File(space);
        code.Line($"/// <summary>The service {service.FullName}.</summary>");
        code.Open($"internal static class {ClassName(model)}");
        foreach (var method in model.Methods) EmitMethod(code, model, method, context, taken);
        code.Open($"internal static readonly {Catalog}RpcService Instance = new()");
        code.Line($"Name = {Text.Quote(service.Name)},");
        code.Line($"Version = {Text.Number(service.Version)},");
        code.Line($"Package = {Text.Quote(service.Package)},");
        code.Line($"ProtoName = {Text.Quote(service.ProtoName)},");
        code.Line($"InterfaceType = typeof({model.TypeName}),");
        code.Line($"Key = {Catalog}RpcKeyKind.{model.Key},");
        if (service.Summary is not null) code.Line($"Summary = {Text.Quote(service.Summary)},");
        if (service.Deprecated is not null) code.Line($"Deprecated = {Text.Quote(service.Deprecated)},");
        if (service.Sunset is not null) code.Line($"Sunset = {Date(service.Sunset)},");
        if (service.Owner is not null) code.Line($"Owner = {Text.Quote(service.Owner)},");
        if (service.Objective is { } objective) code.Line($"Objective = {Objective(objective)},");
        code.Line("CreateClient = static (channel, key) => new Client(channel, key),");
        code.Line($"Methods = new {Catalog}RpcMethod[] {{ {Text.List(model.Methods.Select(m => m.UniqueName + "_Method"))} }},");
        code.Close(";");
        foreach (var method in model.Methods)
        {
            code.Line();
            new RequestEmitter(code, model, method, context, binds).Emit();
        }

        new ClientEmitter(code, model, context).Emit();

        code.Close();
        return code.ToString();
    }

    /// <summary>The messages that a method adds to its package: of the request, the reply and the streamed item, where those are not types of the contract.</summary>
    public static IEnumerable<string> AddedMessages(ServiceModel service, MethodModel method, EquatableArray<string> taken)
    {
        if (method.KeyedRequest is null) yield return MessageName(service, method, "Request", taken);
        if (method.Result is { } result && !CallEmitter.IsOwnReply(result)) yield return MessageName(service, method, "Reply", taken);
        if (method.Stream is { } stream && !CallEmitter.IsOwnReply(stream.Type.Element!)) yield return MessageName(service, method, "Item", taken);
    }

    private static string MessageName(ServiceModel service, MethodModel method, string suffix, EquatableArray<string> taken)
    {
        var name = method.Rpc!.Name + suffix;
        return taken.Contains(service.Package + "." + name) ? service.ProtoName + name : name;
    }

    private static void EmitMethod(CodeWriter code, InterfaceModel model, MethodModel method, EmitContext context, EquatableArray<string> taken)
    {
        var (service, rpc, schema) = (model.Service!, method.Rpc!, new SchemaCode(context));
        code.Open($"internal static readonly {Catalog}RpcMethod {method.UniqueName}_Method = new()");
        code.Line($"Name = {Text.Quote(rpc.Name)},");
        code.Line($"Kind = {Catalog}RpcMethodKind.{Kind(method)},");
        var item = method.Stream is null ? null : schema.Item(ItemEmitter.RequestField(method), method.UniqueName + "_Method!.RequestItem!");
        if (method.KeyedRequest is { } keyed) schema.Message(code, "Request = new", "message " + keyed.FullName, keyed.Package, keyed.Name, keyed.Fields, keyed.Summary, tail: ",");
        else schema.Message(code, "Request = new", $"request {service.FullName}/{rpc.Name}", service.Package, MessageName(service, method, "Request", taken), method.Arguments.Where(a => a.Type.Shape != Shape.Stream), null, KeyField(model.Key), item, ",");

        if (method.Result is not { } result) code.Line("Reply = global::Granary.Schema.MessageSchema.Empty,");
        else if (CallEmitter.IsOwnReply(result)) code.Line($"Reply = {context.Codec(result)}.Schema,");
        else schema.Message(code, "Reply = new", string.Empty, service.Package, MessageName(service, method, "Reply", taken), [CallEmitter.ReplyField(result)], null, tail: ",");

        if (method.Stream?.Type.Element is { } element)
        {
            if (CallEmitter.IsOwnReply(element)) code.Line($"RequestItem = {context.Codec(element)}.Schema,");
            else schema.Message(code, "RequestItem = new", string.Empty, service.Package, MessageName(service, method, "Item", taken), [ItemEmitter.Field(element)], null, tail: ",");
        }

        if (method.Result is not null) code.Line($"Result = {schema.Type(method.Result)},");
        code.Line($"CreateRequest = static () => new {method.UniqueName}_Request(),");
        if (rpc.IsReadOnly) code.Line("IsReadOnly = true,");
        if (rpc.IsIdempotent) code.Line("IsIdempotent = true,");
        if (rpc.IsOneWay) code.Line("IsOneWay = true,");
        if (rpc.HttpVerb is not null) code.Line($"Http = new {Catalog}RpcHttpRoute({Text.Quote(rpc.HttpVerb)}, {Text.Quote(rpc.HttpPath)}),");
        if (rpc.DeadlineTicks > 0) code.Line($"Deadline = new global::System.TimeSpan({Text.Number(rpc.DeadlineTicks)}L),");
        if (rpc.RateLimit is not null) code.Line($"RateLimit = {Text.Quote(rpc.RateLimit)},");
        if (rpc.Priority is not null) code.Line($"Priority = global::Granary.Rpc.CallPriority.{rpc.Priority},");
        code.Line($"Access = {Access(rpc.Access)},");
        if (rpc.Summary is not null) code.Line($"Summary = {Text.Quote(rpc.Summary)},");
        if (rpc.Deprecated is not null) code.Line($"Deprecated = {Text.Quote(rpc.Deprecated)},");
        if (rpc.Sunset is not null) code.Line($"Sunset = {Date(rpc.Sunset)},");
        code.Close(";");
        code.Line();
    }

    private static string Kind(MethodModel method) => (method.Stream is not null, method.Returns == ReturnKind.Stream) switch
    {
        (false, false) => "Unary",
        (false, true) => "ServerStream",
        (true, false) => "ClientStream",
        _ => "Bidirectional",
    };

    private static FieldModel KeyField(KeyKind key) => new()
    {
        Number = 1,
        Name = "key",
        JsonName = "key",
        Type = new TypeModel { Name = key == KeyKind.Integer ? "long" : "string", Shape = Shape.Scalar, Scalar = key switch { KeyKind.Integer => Scalar.Int64, KeyKind.Guid => Scalar.Guid, _ => Scalar.String } },
        Required = true,
        IsKey = true,
    };

    private static string Access(AccessModel access)
    {
        if (access is { Anonymous: false, Roles.Count: 0, Scopes.Count: 0, Policy: null }) return Catalog + "RpcAccess.Authenticated";
        var parts = new List<string>();
        if (access.Anonymous) parts.Add("Anonymous = true");
        if (access.Roles.Count > 0) parts.Add($"Roles = new[] {{ {Text.List(access.Roles.Select(Text.Quote))} }}");
        if (access.Scopes.Count > 0) parts.Add($"Scopes = new[] {{ {Text.List(access.Scopes.Select(Text.Quote))} }}");
        if (access.Policy is not null) parts.Add($"Policy = {Text.Quote(access.Policy)}");
        return $"new {Catalog}RpcAccess {{ {Text.List(parts)} }}";
    }

    private static string Objective(ObjectiveModel objective)
    {
        var latency = objective.LatencyTicks > 0 ? $"new global::System.TimeSpan({Text.Number(objective.LatencyTicks)}L)" : "null";
        var availability = objective.Availability > 0 ? objective.Availability.ToString("R", System.Globalization.CultureInfo.InvariantCulture) + "d" : "null";
        return $"new {Catalog}RpcObjective({latency}, {availability})";
    }

    private static string Date(string date) =>
        $"new global::System.DateOnly({Text.List(date.Split('-').Select(p => Text.Number(int.Parse(p, System.Globalization.CultureInfo.InvariantCulture))))})";
}
