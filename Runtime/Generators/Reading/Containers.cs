using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Which .NET types are lists and maps, and which are scalars.</summary>
internal static class Containers
{
    public static bool TryList(ITypeSymbol type, out Container container, out ITypeSymbol element)
    {
        container = Container.None;
        element = type;
        if (type is IArrayTypeSymbol { Rank: 1 } array)
        {
            container = Container.Array;
            element = array.ElementType;
            return true;
        }

        if (type is not INamedTypeSymbol { TypeArguments: [var argument] }) return false;
        container = Names.Definition(type) switch
        {
            "System.Collections.Generic.List<T>" => Container.List,
            "System.Collections.Generic.IList<T>" or "System.Collections.Generic.ICollection<T>" => Container.ListInterface,
            "System.Collections.Generic.IReadOnlyList<T>" or "System.Collections.Generic.IReadOnlyCollection<T>" => Container.ReadOnlyListInterface,
            "System.Collections.Generic.HashSet<T>" or "System.Collections.Generic.ISet<T>" or "System.Collections.Generic.IReadOnlySet<T>" => Container.HashSet,
            "System.Collections.Immutable.ImmutableArray<T>" => Container.ImmutableArray,
            "System.Collections.Immutable.ImmutableList<T>" or "System.Collections.Immutable.IImmutableList<T>" => Container.ImmutableList,
            _ => Container.None,
        };
        element = argument;
        return container != Container.None;
    }

    public static bool TryMap(ITypeSymbol type, out Container container, out ITypeSymbol key, out ITypeSymbol value)
    {
        container = Container.None;
        key = value = type;
        if (type is not INamedTypeSymbol { TypeArguments: [var k, var v] }) return false;
        container = Names.Definition(type) switch
        {
            "System.Collections.Generic.Dictionary<TKey, TValue>" => Container.Dictionary,
            "System.Collections.Generic.IDictionary<TKey, TValue>" => Container.DictionaryInterface,
            "System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>" => Container.ReadOnlyDictionaryInterface,
            "System.Collections.Immutable.ImmutableDictionary<TKey, TValue>" or "System.Collections.Immutable.IImmutableDictionary<TKey, TValue>" => Container.ImmutableDictionary,
            _ => Container.None,
        };
        key = k;
        value = v;
        return container != Container.None;
    }

    public static Scalar? ScalarOf(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => Scalar.Bool,
        SpecialType.System_Char => Scalar.Char,
        SpecialType.System_SByte => Scalar.SByte,
        SpecialType.System_Byte => Scalar.Byte,
        SpecialType.System_Int16 => Scalar.Int16,
        SpecialType.System_UInt16 => Scalar.UInt16,
        SpecialType.System_Int32 => Scalar.Int32,
        SpecialType.System_UInt32 => Scalar.UInt32,
        SpecialType.System_Int64 => Scalar.Int64,
        SpecialType.System_UInt64 => Scalar.UInt64,
        SpecialType.System_Single => Scalar.Float,
        SpecialType.System_Double => Scalar.Double,
        SpecialType.System_Decimal => Scalar.Decimal,
        SpecialType.System_String => Scalar.String,
        SpecialType.System_DateTime => Scalar.DateTime,
        _ => type switch
        {
            IArrayTypeSymbol { Rank: 1, ElementType.SpecialType: SpecialType.System_Byte } => Scalar.Bytes,
            INamedTypeSymbol { TypeArguments: [{ SpecialType: SpecialType.System_Byte }] } when Names.Definition(type) == "System.ReadOnlyMemory<T>" => Scalar.Memory,
            INamedTypeSymbol { IsGenericType: false } => Names.Definition(type) switch
            {
                "System.Guid" => Scalar.Guid,
                "System.DateTimeOffset" => Scalar.DateTimeOffset,
                "System.TimeSpan" => Scalar.TimeSpan,
                "System.DateOnly" => Scalar.DateOnly,
                "System.TimeOnly" => Scalar.TimeOnly,
                "Orleans.Runtime.GrainId" => Scalar.GrainId,
                _ => null,
            },
            _ => null,
        },
    };
}
