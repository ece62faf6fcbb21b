using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Granary.Generators.Reading;

/// <summary>A serialized member: a property or field with an <c>[Id]</c>, or a record's positional property.</summary>
/// <param name="Symbol">The property or field.</param>
/// <param name="Type">Its type.</param>
/// <param name="Id">Its id; the protobuf field is one higher.</param>
/// <param name="Positional">The record's primary constructor's parameter that the property is made from, if it is.</param>
internal sealed record Member(ISymbol Symbol, ITypeSymbol Type, long Id, IParameterSymbol? Positional);

/// <summary>Which members of a type are serialized.</summary>
internal static class Members
{
    /// <summary>The serialized members of a type and its serialized bases, bases first.</summary>
    public static IEnumerable<Member> Of(INamedTypeSymbol type)
    {
        foreach (var owner in Chain(type))
        {
            var positional = Positional(owner);
            foreach (var symbol in owner.GetMembers())
            {
                if (symbol.IsStatic || symbol.IsOverride || TypeOf(symbol) is not { } memberType) continue;
                var id = symbol.IdOf();
                var parameter = positional?.Parameters.FirstOrDefault(p => p.Name == symbol.Name);
                if (parameter is not null && !IsSynthesized(symbol, parameter)) parameter = null;
                if (id < 0 && parameter is not null) id = parameter.Ordinal;
                if (id >= 0) yield return new Member(symbol, memberType, id, parameter);
            }
        }
    }

    /// <summary>The type and those of its bases that are serialized, the outermost base first.</summary>
    public static IEnumerable<INamedTypeSymbol> Chain(INamedTypeSymbol type)
    {
        var chain = new Stack<INamedTypeSymbol>();
        for (var t = type; t is { SpecialType: not (SpecialType.System_Object or SpecialType.System_ValueType) }; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t, type) || t.Has(Names.GenerateSerializer)) chain.Push(t);
        }

        return chain;
    }

    /// <summary>The record's primary constructor, when its parameters are serialized.</summary>
    public static IMethodSymbol? Positional(INamedTypeSymbol type)
    {
        if (!type.IsRecord || type.Find(Names.GenerateSerializer) is not { } attribute) return null;
        if (attribute.NamedArguments.Any(a => a.Key == "IncludePrimaryConstructorParameters" && a.Value.Value is false)) return null;
        foreach (var constructor in type.InstanceConstructors)
        {
            if (constructor.Parameters.Length == 0) continue;
            foreach (var reference in constructor.DeclaringSyntaxReferences)
            {
                if (reference.GetSyntax() is RecordDeclarationSyntax) return constructor;
            }

            // From metadata: the compiler gives exactly the positional records a Deconstruct with the same parameters.
            if (constructor.DeclaringSyntaxReferences.Length == 0 && type.GetMembers("Deconstruct").OfType<IMethodSymbol>().Any(d =>
                d.Parameters.Length == constructor.Parameters.Length && d.Parameters.Zip(constructor.Parameters, (a, b) => a.Name == b.Name && a.RefKind == RefKind.Out).All(same => same)))
            {
                return constructor;
            }
        }

        return null;
    }

    public static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch
    {
        IPropertySymbol { IsIndexer: false, ExplicitInterfaceImplementations.IsEmpty: true } p => p.Type,
        IFieldSymbol { IsImplicitlyDeclared: false, IsConst: false } f => f.Type,
        _ => null,
    };

    /// <summary>The field behind an auto-property, or null.</summary>
    public static IFieldSymbol? BackingField(IPropertySymbol property) =>
        property.ContainingType.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property));

    /// <summary>Whether the property is the one that the compiler makes from the parameter.</summary>
    private static bool IsSynthesized(ISymbol symbol, IParameterSymbol parameter) => symbol is IPropertySymbol property
        && SymbolEqualityComparer.Default.Equals(property.Type, parameter.Type)
        && (property.DeclaringSyntaxReferences.Length == 0 || property.DeclaringSyntaxReferences[0].GetSyntax() is ParameterSyntax);
}
