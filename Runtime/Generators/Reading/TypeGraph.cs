using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>What follows from all that a type may reach: whether it can change, whether it may contain itself, whether it has an empty value.</summary>
internal sealed class TypeGraph
{
    private readonly Dictionary<ISymbol, bool> _immutable = new(SymbolEqualityComparer.Default);

    /// <summary>Whether values of the type are messages. Exceptions are not: they travel their own way, with their stack and without a codec.</summary>
    public static bool IsMessage(ITypeSymbol type) =>
        type is INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct or TypeKind.Interface } && (type.Has(Names.GenerateSerializer) || IsUnion(type)) && !IsException(type);

    private static bool IsException(ITypeSymbol type)
    {
        for (var t = type; t is not null; t = t.BaseType)
        {
            if (Names.Definition(t) == "System.Exception") return true;
        }

        return false;
    }

    public static bool IsUnion(ITypeSymbol type) => type.Has(Names.Union);

    public static IEnumerable<INamedTypeSymbol> UnionCases(ITypeSymbol type)
    {
        foreach (var data in type.GetAttributes())
        {
            if (data.AttributeClass is { } a && Names.Definition(a) == Names.Union && data.ConstructorArguments.Length == 2 && data.ConstructorArguments[1].Value is INamedTypeSymbol sub) yield return sub;
        }
    }

    public static bool IsMarkedImmutable(ISymbol symbol) => symbol.Has(Names.Immutable) || symbol.Has(Names.ConcurrencyImmutable);

    /// <summary>Whether two holders of a value cannot see each other change it.</summary>
    public bool IsImmutable(ITypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum || type.IsAddressable()) return true;
        if (Containers.ScalarOf(type) is { } scalar) return scalar is not (Model.Scalar.Bytes or Model.Scalar.Memory);
        if (type is not INamedTypeSymbol named) return false;
        if (named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T) return IsImmutable(named.TypeArguments[0]);
        if (Names.Definition(named).StartsWith("System.Collections.Immutable.", StringComparison.Ordinal)) return named.TypeArguments.All(IsImmutable);
        if (!IsMessage(named)) return false;
        if (_immutable.TryGetValue(named, out var known)) return known;
        _immutable[named] = true; // a cycle changes nothing
        var immutable = IsMarkedImmutable(named) || (IsUnion(named) ? UnionCases(named).All(IsImmutable) : HoldsOnlyImmutable(named));

        // Answers found inside a cycle rest on an assumption; only the outermost one is certain.
        if (!immutable) _immutable.Clear();
        _immutable[named] = immutable;
        return immutable;
    }

    /// <summary>Whether a value of a message may hold, at any depth, another value of it.</summary>
    public static bool IsRecursive(INamedTypeSymbol message) => Reaches(message, message, singleOnly: false, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    /// <summary>Whether an empty value can be made: not of unions, nor where non-nullable members would need each other without end.</summary>
    public static bool HasEmpty(INamedTypeSymbol message) =>
        !IsUnion(message) && !message.IsAbstract && !Reaches(message, message, singleOnly: true, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    private static bool Reaches(INamedTypeSymbol from, INamedTypeSymbol target, bool singleOnly, HashSet<ISymbol> seen)
    {
        foreach (var next in Next(from, singleOnly))
        {
            if (SymbolEqualityComparer.Default.Equals(next, target)) return true;
            if (seen.Add(next) && seen.Count < 1000 && Reaches(next, target, singleOnly, seen)) return true;
        }

        return false;
    }

    private static IEnumerable<INamedTypeSymbol> Next(INamedTypeSymbol message, bool singleOnly)
    {
        if (IsUnion(message) && !singleOnly)
        {
            foreach (var sub in UnionCases(message)) yield return sub;
        }

        foreach (var member in Members.Of(message))
        {
            if (singleOnly && member.Type.NullableAnnotation == NullableAnnotation.Annotated) continue;
            foreach (var mentioned in Mentioned(member.Type, singleOnly)) yield return mentioned;
        }
    }

    private static IEnumerable<INamedTypeSymbol> Mentioned(ITypeSymbol type, bool singleOnly)
    {
        if (type is INamedTypeSymbol named && IsMessage(named)) return [named];
        if (singleOnly) return [];
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable) return Mentioned(nullable.TypeArguments[0], false);
        if (Containers.TryList(type, out _, out var element)) return Mentioned(element, false);
        if (Containers.TryMap(type, out _, out _, out var value)) return Mentioned(value, false);
        return [];
    }

    private bool HoldsOnlyImmutable(INamedTypeSymbol type)
    {
        for (var t = type; t is { SpecialType: not (SpecialType.System_Object or SpecialType.System_ValueType) }; t = t.BaseType)
        {
            foreach (var member in t.GetMembers())
            {
                if (member.IsStatic) continue;
                switch (member)
                {
                    // A struct is copied by assignment, so its own members may be settable.
                    case IFieldSymbol { IsConst: false } f when !(t.IsValueType || f.IsReadOnly) || !(IsMarkedImmutable(f.AssociatedSymbol ?? f) || IsImmutable(f.Type)):
                        return false;

                    // Reference assemblies leave private fields out; the properties tell of them.
                    case IPropertySymbol { IsIndexer: false, IsImplicitlyDeclared: false } p when member.Locations.All(l => l.IsInMetadata)
                        && !(t.IsValueType || p.SetMethod is null || p.SetMethod.IsInitOnly):
                        return false;
                    case IPropertySymbol { IsIndexer: false, IsImplicitlyDeclared: false } p when member.Locations.All(l => l.IsInMetadata) && p.Name != "EqualityContract"
                        && !(IsMarkedImmutable(p) || IsImmutable(p.Type)):
                        return false;
                }
            }
        }

        return true;
    }
}
