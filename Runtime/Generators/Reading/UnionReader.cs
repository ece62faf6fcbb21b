using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Reads the sub-types of a union.</summary>
internal static class UnionReader
{
    public static EquatableArray<UnionCaseModel> Read(INamedTypeSymbol type, TypeReader types)
    {
        var cases = new List<UnionCaseModel>();
        var ids = new HashSet<long>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var data in type.GetAttributes())
        {
            if (data.AttributeClass is not { } attribute || Names.Definition(attribute) != Names.Union || data.ConstructorArguments.Length != 2) continue;
            var id = Convert.ToInt64(data.ConstructorArguments[0].Value, System.Globalization.CultureInfo.InvariantCulture);
            if (data.ConstructorArguments[1].Value is not INamedTypeSymbol sub) continue; // the compiler reports it
            var where = type.Where();
            var problem = Problem(type, sub, id, ids, names);
            if (problem is not null) types.Problems.Add(Rules.BadUnion, where, Names.Readable(type), problem);
            else if (types.Read(sub.WithNullableAnnotation(NullableAnnotation.NotAnnotated), Names.Short(type), where, TypeUse.Member) is { } model)
                cases.Add(new UnionCaseModel((int)id + 1, sub.Name, model));
        }

        return cases.OrderBy(c => c.Number).ToEquatable();
    }

    private static string? Problem(INamedTypeSymbol type, INamedTypeSymbol sub, long id, HashSet<long> ids, HashSet<string> names)
    {
        var name = Names.Short(sub);
        if (SymbolEqualityComparer.Default.Equals(sub, type)) return $"{name} lists itself. Make it abstract, and give its own data a sub-type.";
        if (sub.IsUnboundGenericType || sub.IsGenericType) return $"{name} is generic. Write a sub-type that is not.";
        if (!Derives(sub, type)) return $"{name} does not derive from it.";
        if (!sub.Has(Names.GenerateSerializer)) return $"{name} is not serialized. Mark it [GenerateSerializer] and its members [Id(n)].";
        if (sub.IsAbstract || TypeGraph.IsUnion(sub)) return $"{name} is abstract or a union itself. List the types that can be constructed.";
        if (sub.IsValueType) return $"{name} is a struct. Use a class or record.";
        if (id is > 536_870_910 or >= 18_999 and <= 19_998) return $"id {id} is a field number that protobuf does not allow. Use ids up to 18998.";
        if (!ids.Add(id)) return $"two sub-types have id {id}. Give {name} another.";
        return names.Add(sub.Name) ? null : $"two sub-types are named {sub.Name}, which is what JSON tells them apart by. Rename one.";
    }

    private static bool Derives(INamedTypeSymbol sub, INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Interface) return sub.AllInterfaces.Any(i => SymbolEqualityComparer.Default.Equals(i, type));
        for (var t = sub.BaseType; t is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t, type)) return true;
        }

        return false;
    }
}
