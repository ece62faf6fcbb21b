using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Granary.OrleansApi.Tests;

/// <summary>The assemblies compared, as the project file names them.</summary>
internal static class Assemblies
{
    public static IReadOnlyList<string> OurPaths { get; } =
        [.. Metadata("OurAssemblies").Select(name => Path.Combine(AppContext.BaseDirectory, name + ".dll"))];

    public static IReadOnlyList<string> OfficialPaths { get; } = [.. Metadata("OfficialAssemblies")];

    public static IReadOnlyList<MetadataReference> Framework { get; } =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("Granary.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>Public types under Orleans namespaces of these assemblies.</summary>
    public static IReadOnlyList<INamedTypeSymbol> Types(IEnumerable<string> paths)
    {
        var references = paths.Select(path => (MetadataReference)MetadataReference.CreateFromFile(path)).ToList();
        var compilation = CSharpCompilation.Create("surface", references: [.. Framework, .. references]);
        return [.. references.SelectMany(reference => Types(((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(reference)!).GlobalNamespace))];
    }

    public static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol container)
    {
        foreach (var member in container.GetMembers())
        {
            if (member is INamespaceSymbol space)
            {
                foreach (var type in Types(space))
                    yield return type;
            }
            else if (member is INamedTypeSymbol type && ApiComparer.IsVisible(type) && IsOrleans(type))
            {
                yield return type;
                foreach (var nested in Types(type))
                    yield return nested;
            }
        }
    }

    public static Dictionary<string, INamedTypeSymbol> ByName(IEnumerable<INamedTypeSymbol> types)
    {
        var byName = new Dictionary<string, INamedTypeSymbol>(StringComparer.Ordinal);
        foreach (var type in types)
            byName[ApiSignature.Type(type, nullability: false)] = type;
        return byName;
    }

    // Official host extensions sit in Microsoft.Extensions.Hosting with names that begin with Orleans.
    private static bool IsOrleans(INamedTypeSymbol type)
    {
        var space = type.ContainingNamespace.ToDisplayString();
        return space == "Orleans"
            || space.StartsWith("Orleans.", StringComparison.Ordinal)
            || (space == "Microsoft.Extensions.Hosting" && type.Name.StartsWith("Orleans", StringComparison.Ordinal));
    }

    private static string[] Metadata(string key) =>
        typeof(Assemblies).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!.Split(';');
}
