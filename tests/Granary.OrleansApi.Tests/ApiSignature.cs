using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Granary.OrleansApi.Tests;

/// <summary>
/// Writes types and members in a form that does not depend on which assembly a type comes from, nor on the names of type parameters.
/// Nullable annotations are <c>?</c>; <c>~</c> marks a type whose author did not say.
/// </summary>
internal static class ApiSignature
{
    /// <summary>What tells overloads apart.</summary>
    public static string Key(ISymbol member) =>
        member switch
        {
            IMethodSymbol method => $"{method.Name}`{method.TypeParameters.Length}({Parameters(method.Parameters, nullability: false)})"
                + (method.MethodKind == MethodKind.Conversion ? $" -> {Type(method.ReturnType, nullability: false)}" : ""),
            IPropertySymbol { IsIndexer: true } indexer => $"this[{Parameters(indexer.Parameters, nullability: false)}]",
            _ => member.Name,
        };

    public static string Type(ITypeSymbol type, bool nullability)
    {
        var text = new StringBuilder();
        Append(text, type, nullability);
        return text.ToString();
    }

    public static string Parameters(IEnumerable<IParameterSymbol> parameters, bool nullability) =>
        string.Join(", ", parameters.Select(parameter => RefKind(parameter.RefKind) + Type(parameter.Type, nullability)));

    /// <summary>The constraints of type parameters, by position.</summary>
    public static string Constraints(IEnumerable<ITypeParameterSymbol> parameters) =>
        string.Join("; ", parameters.Select(parameter => $"{parameter.Variance} {string.Join(", ", Constraints(parameter))}"));

    /// <summary>Names and default values, which callers write.</summary>
    public static string ParameterNames(IEnumerable<IParameterSymbol> parameters) =>
        string.Join(
            ", ",
            parameters.Select(parameter =>
                (parameter.IsParams ? "params " : "")
                + parameter.Name
                + (parameter.HasExplicitDefaultValue ? $" = {Constant(parameter.ExplicitDefaultValue)}" : "")));

    public static string Constant(object? value) => value is null ? "null" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    public static string RefKind(RefKind kind) =>
        kind switch
        {
            Microsoft.CodeAnalysis.RefKind.None => "",
            _ => kind.ToString().ToLowerInvariant() + " ",
        };

    private static IEnumerable<string> Constraints(ITypeParameterSymbol parameter)
    {
        if (parameter.HasReferenceTypeConstraint)
            yield return "class";
        if (parameter.HasValueTypeConstraint)
            yield return "struct";
        if (parameter.HasUnmanagedTypeConstraint)
            yield return "unmanaged";
        if (parameter.HasConstructorConstraint)
            yield return "new()";
        foreach (var type in parameter.ConstraintTypes.Select(type => Type(type, nullability: false)).Order(StringComparer.Ordinal))
            yield return type;
    }

    private static void Append(StringBuilder text, ITypeSymbol type, bool nullability)
    {
        switch (type)
        {
            case IArrayTypeSymbol array:
                Append(text, array.ElementType, nullability);
                text.Append('[').Append(',', array.Rank - 1).Append(']');
                break;
            case IPointerTypeSymbol pointer:
                Append(text, pointer.PointedAtType, nullability);
                text.Append('*');
                break;
            case ITypeParameterSymbol parameter:
                text.Append(parameter.TypeParameterKind == TypeParameterKind.Method ? "!!" : "!").Append(parameter.Ordinal);
                if (nullability && parameter.NullableAnnotation == NullableAnnotation.Annotated)
                    text.Append('?');
                return;
            case INamedTypeSymbol named:
                AppendNamed(text, named.TupleUnderlyingType ?? named, nullability);
                break;
            case IDynamicTypeSymbol:
                text.Append("System.Object");
                break;
            default:
                text.Append(type.ToDisplayString());
                break;
        }

        if (nullability && !type.IsValueType)
        {
            if (type.NullableAnnotation == NullableAnnotation.Annotated)
                text.Append('?');
            else if (type.NullableAnnotation == NullableAnnotation.None)
                text.Append('~');
        }
    }

    private static void AppendNamed(StringBuilder text, INamedTypeSymbol type, bool nullability)
    {
        if (type.ContainingType is { } outer)
        {
            AppendNamed(text, outer, nullability);
            text.Append('.');
        }
        else if (type.ContainingNamespace is { IsGlobalNamespace: false } space)
        {
            text.Append(space.ToDisplayString()).Append('.');
        }

        text.Append(type.Name);
        if (type.TypeArguments.IsEmpty)
            return;
        text.Append('<');
        for (var i = 0; i < type.TypeArguments.Length; i++)
        {
            if (i > 0)
                text.Append(", ");
            Append(text, type.TypeArguments[i], nullability);
        }

        text.Append('>');
    }
}
