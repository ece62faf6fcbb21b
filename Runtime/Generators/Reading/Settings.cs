using Granary.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Granary.Generators.Reading;

/// <summary>What the project around the contracts decides.</summary>
/// <param name="Namespace">Where generated types stand.</param>
/// <param name="HasRpc">Whether the runtime of codecs is referenced.</param>
/// <param name="EmitsCalls">Whether proxies are ours to make: the embedded engine, and it is referenced.</param>
internal sealed record Settings(string Namespace, bool HasRpc, bool EmitsCalls)
{
    public static Settings Of(Compilation compilation, AnalyzerConfigOptions options)
    {
        options.TryGetValue("build_property.GranaryEngine", out var engine);
        return new Settings(
            Names.GeneratedNamespace(compilation.AssemblyName),
            compilation.GetTypeByMetadataName("Granary.Rpc.Catalog.RpcPart") is not null,
            engine != "orleans" && compilation.GetTypeByMetadataName("Granary.Calls.CallPart") is not null);
    }
}

/// <summary>The parts that referenced assemblies name, so that a process that mentions no grain type still finds them all.</summary>
internal sealed record ForeignParts(EquatableArray<string> Rpc, EquatableArray<string> Calls)
{
    private const string Runtime = "Granary.Rpc";

    public static ForeignParts Of(Compilation compilation, CancellationToken cancellation)
    {
        var rpc = new SortedSet<string>(StringComparer.Ordinal);
        var calls = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var assembly in compilation.SourceModule.ReferencedAssemblySymbols)
        {
            cancellation.ThrowIfCancellationRequested();

            // Most references are the framework's, whose attributes are many and not ours.
            if (!assembly.Modules.Any(m => m.ReferencedAssemblies.Any(a => a.Name == Runtime))) continue;
            foreach (var data in assembly.GetAttributes())
            {
                if (data.AttributeClass is not { } attribute || data.ConstructorArguments is not [{ Value: INamedTypeSymbol part }]) continue;
                switch (Names.Definition(attribute))
                {
                    case "Granary.Rpc.Catalog.RpcPartAttribute": rpc.Add(part.ToDisplayString(Names.Plain)); break;
                    case "Granary.Calls.CallPartAttribute": calls.Add(part.ToDisplayString(Names.Plain)); break;
                }
            }
        }

        return new ForeignParts(rpc.ToEquatable(), calls.ToEquatable());
    }
}
