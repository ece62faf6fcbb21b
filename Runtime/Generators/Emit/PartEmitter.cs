using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>What one assembly holds, for its part and its registrations.</summary>
internal sealed record PartModel
{
    /// <summary>Message types and the expressions of their codecs.</summary>
    public EquatableArray<(string Type, string Codec)> Messages { get; init; }

    /// <summary>Streamed item types and the expressions of their codecs.</summary>
    public EquatableArray<(string Type, string Codec)> Items { get; init; }

    /// <summary>Expressions of services.</summary>
    public EquatableArray<string> Services { get; init; }

    /// <summary>Expressions of call interfaces.</summary>
    public EquatableArray<string> Interfaces { get; init; }

    public EquatableArray<string> GrainClasses { get; init; }

    /// <summary>The parts of referenced assemblies.</summary>
    public EquatableArray<string> ForeignRpcParts { get; init; }

    public EquatableArray<string> ForeignCallParts { get; init; }

    public bool EmitsCalls { get; init; }
}

/// <summary>Emits an assembly's parts, and the attributes by which processes find them and those of referenced assemblies.</summary>
internal static class PartEmitter
{
    public static string? Emit(PartModel part, string space)
    {
        var hasRpc = part.Services.Count > 0;
        var hasCalls = part.EmitsCalls && (part.Interfaces.Count > 0 || part.GrainClasses.Count > 0);
        var registers = part.Messages.Count > 0 || part.Items.Count > 0;
        if (!hasRpc && !hasCalls && !registers && part.ForeignRpcParts.Count == 0 && part.ForeignCallParts.Count == 0) return null;
        var code = CodeWriter.File(string.Empty);
        if (hasRpc) code.Line($"[assembly: global::Granary.Rpc.Catalog.RpcPart(typeof(global::{space}.ServicePart))]");
        foreach (var foreign in part.ForeignRpcParts) code.Line($"[assembly: global::Granary.Rpc.Catalog.RpcPart(typeof({foreign}))]");
        if (part.EmitsCalls)
        {
            if (hasCalls) code.Line($"[assembly: global::Granary.Calls.CallPart(typeof(global::{space}.GrainPart))]");
            foreach (var foreign in part.ForeignCallParts) code.Line($"[assembly: global::Granary.Calls.CallPart(typeof({foreign}))]");
        }

        if (!hasRpc && !hasCalls && !registers) return code.ToString();
        code.Line();
        code.Open($"namespace {space}");
        if (hasRpc)
        {
            code.Line("/// <summary>The services of this assembly.</summary>");
            code.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Never)]");
            code.Open("public sealed class ServicePart : global::Granary.Rpc.Catalog.RpcPart");
            List(code, "global::Granary.Rpc.Catalog.RpcService", "Services", part.Services);
            code.Close();
            code.Line();
        }

        if (hasCalls)
        {
            code.Line("/// <summary>The grains of this assembly, and how to call them.</summary>");
            code.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Never)]");
            code.Open("public sealed class GrainPart : global::Granary.Calls.CallPart");
            List(code, "global::Granary.Calls.CallInterface", "Interfaces", part.Interfaces);
            code.Line();
            List(code, "global::System.Type", "GrainClasses", part.GrainClasses.Select(c => $"typeof({c})").ToEquatable());
            code.Close();
            code.Line();
        }

        if (registers)
        {
            code.Open("internal static class Registration");
            code.Line("[global::System.Runtime.CompilerServices.ModuleInitializer]");
            code.Open("internal static void Register()");
            foreach (var (type, codec) in part.Messages) code.Line($"global::Granary.Codec.MessageCodec<{type}>.Register({codec});");
            foreach (var (type, codec) in part.Items) code.Line($"global::Granary.Rpc.RpcItemCodec<{type}>.Register({codec});");
            code.Close();
            code.Close();
        }

        code.Close();
        return code.ToString();
    }

    private static void List(CodeWriter code, string type, string name, EquatableArray<string> items)
    {
        code.Open($"public override global::System.Collections.Generic.IReadOnlyList<{type}> {name} {{ get; }} = new {type}[]");
        foreach (var item in items) code.Line(item + ",");
        code.Close(";");
    }
}
