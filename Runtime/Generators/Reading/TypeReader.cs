using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Where a type stands, which decides what may stand there.</summary>
internal enum TypeUse
{
    Member,
    Argument,
    Result,
}

/// <summary>Reads C# types into models. A type without a form on the wire is a problem that names the path to it, and null.</summary>
internal sealed class TypeReader(Compilation compilation, Problems problems, CancellationToken cancellation)
{
    private const int DeepestNesting = 8;
    private readonly TypeGraph _graph = new();
    private readonly Dictionary<string, INamedTypeSymbol> _closed = new(StringComparer.Ordinal);

    public Problems Problems { get; } = problems;

    public CancellationToken Cancellation { get; } = cancellation;

    public Compilation Compilation { get; } = compilation;

    public TypeGraph Graph => _graph;

    public string Namespace { get; } = Names.GeneratedNamespace(compilation.AssemblyName);

    /// <summary>The closed generic messages met so far.</summary>
    public IEnumerable<INamedTypeSymbol> Closed => _closed.Values;

    /// <summary>The type's model, or null after a problem.</summary>
    public TypeModel? Read(ITypeSymbol type, string path, Location? where, TypeUse use)
    {
        var nullable = false;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } wrapped)
        {
            nullable = true;
            type = wrapped.TypeArguments[0];
        }
        else if (type.IsReferenceType)
        {
            // Code without nullable annotations says nothing: null must be expected.
            nullable = type.NullableAnnotation != NullableAnnotation.NotAnnotated;
            type = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated);
        }

        return Plain(type, path, where, use) is { } model ? model with { Nullable = nullable } : null;
    }

    public static string CodecName(INamedTypeSymbol message) => Names.Identifier(Names.Readable(message)) + "_Codec";

    /// <summary>The protobuf package and name of a message or enum.</summary>
    public static (string Package, string Name) ProtoName(INamedTypeSymbol type)
    {
        if (type.Find(Names.Alias)?.FirstText() is { Length: > 0 } alias && alias.All(c => c < 128 && (char.IsLetterOrDigit(c) || c is '.' or '_')) && !alias.StartsWith(".", StringComparison.Ordinal) && !type.IsGenericType)
        {
            var dot = alias.LastIndexOf('.');
            return dot < 0 ? (Names.Package(type.ContainingNamespace) + ".v1", alias) : (alias.Substring(0, dot), alias.Substring(dot + 1));
        }

        return (Names.Package(type.ContainingNamespace) + ".v1", SimpleName(type));
    }

    private static string SimpleName(ITypeSymbol type)
    {
        if (type is IArrayTypeSymbol array) return SimpleName(array.ElementType) + "List";
        var name = type.Name;
        if (type is INamedTypeSymbol { TypeArguments.Length: > 0 } generic) name += "Of" + string.Join("And", generic.TypeArguments.Select(SimpleName));
        return type.ContainingType is { } outer ? SimpleName(outer) + "_" + name : name;
    }

    private TypeModel? Plain(ITypeSymbol type, string path, Location? where, TypeUse use)
    {
        if (Containers.ScalarOf(type) is { } scalar) return Model(type, Shape.Scalar) with { Scalar = scalar };
        if (type.TypeKind == TypeKind.Enum) return Enum((INamedTypeSymbol)type, path, where);
        if (Containers.TryList(type, out var container, out var element)) return List(type, container, element, path, where, use);
        if (Containers.TryMap(type, out container, out var key, out var value)) return Map(type, container, key, value, path, where);
        if (type.IsAddressable()) return Reference((INamedTypeSymbol)type, path, where, use);
        if (Names.Definition(type) is Names.RpcStream or Names.ImmutableWrapper) return Unsupported(path, where, Reason(type)); // serialized where they may stand
        if (TypeGraph.IsMessage(type)) return Message((INamedTypeSymbol)type, path, where);
        return Unsupported(path, where, Reason(type));
    }

    private TypeModel Model(ITypeSymbol type, Shape shape) => new()
    {
        Name = type.ToDisplayString(Names.Declared),
        Shape = shape,
        IsValueType = type.IsValueType,
        Immutable = _graph.IsImmutable(type),
    };

    private TypeModel? Enum(INamedTypeSymbol type, string path, Location? where)
    {
        if (!type.IsVisible()) return Invisible(type, where);
        var values = new List<EnumValueModel>();
        foreach (var field in type.GetMembers().OfType<IFieldSymbol>())
        {
            if (field.ConstantValue is not { } constant) continue;
            var number = constant is ulong big ? big > int.MaxValue ? long.MaxValue : (long)big : Convert.ToInt64(constant, System.Globalization.CultureInfo.InvariantCulture);
            if (number is < int.MinValue or > int.MaxValue)
                return Unsupported(path, where, $"{Names.Short(type)}.{field.Name} is {constant}, and an enum's number has 32 bits. Use smaller numbers, or a long.");
            values.Add(new EnumValueModel(field.Name, (int)number));
        }

        if (type.EnumUnderlyingType!.SpecialType is SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_UInt32)
            return Unsupported(path, where, $"{Names.Short(type)} is based on {type.EnumUnderlyingType.ToDisplayString()}, and an enum's number has 32 bits with a sign. Base it on int.");
        var (package, name) = ProtoName(type);
        return Model(type, Shape.Enum) with
        {
            Scalar = Containers.ScalarOf(type.EnumUnderlyingType) ?? Scalar.Int32,
            Enum = new EnumModel(package, name, values.ToEquatable(), SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, Compilation.Assembly)),
        };
    }

    private TypeModel? List(ITypeSymbol type, Container container, ITypeSymbol element, string path, Location? where, TypeUse use)
    {
        var item = Read(Element(element), path + "[]", where, use);
        return item is null || !IsElement(item, path + "[]", where) ? null : Model(type, Shape.List) with { Container = container, Element = item };
    }

    private TypeModel? Map(ITypeSymbol type, Container container, ITypeSymbol key, ITypeSymbol value, string path, Location? where)
    {
        var keyModel = Read(Element(key), path + " key", where, TypeUse.Member);
        var valueModel = Read(Element(value), path + "{}", where, TypeUse.Member);
        if (keyModel is null || valueModel is null) return null;
        if (keyModel is not { Shape: Shape.Scalar, Scalar: Scalar.String or Scalar.Bool or Scalar.Guid or Scalar.Int16 or Scalar.UInt16 or Scalar.Byte or Scalar.SByte or Scalar.Int32 or Scalar.UInt32 or Scalar.Int64 or Scalar.UInt64 })
            return Unsupported(path, where, $"a dictionary cannot have keys of type {Names.Short(key)}. Use string, an integer, bool or Guid, or a list of records.");
        return IsElement(valueModel, path + "{}", where) ? Model(type, Shape.Map) with { Container = container, Key = keyModel, Element = valueModel } : null;
    }

    private bool IsElement(TypeModel item, string path, Location? where)
    {
        var reason = item switch
        {
            { Shape: Shape.List or Shape.Map } => "a collection of collections has no protobuf form. Wrap the inner one in a [GenerateSerializer] record.",
            { Nullable: true } => "a collection cannot hold nulls on the wire. Leave them out, or wrap the value in a [GenerateSerializer] record with a nullable member.",
            _ => null,
        };
        if (reason is not null) Unsupported(path, where, reason);
        return reason is null;
    }

    /// <summary>Code without nullable annotations does not say that elements may be null, and lists of nulls are not what it means.</summary>
    private static ITypeSymbol Element(ITypeSymbol type) =>
        type.IsReferenceType && type.NullableAnnotation == NullableAnnotation.None ? type.WithNullableAnnotation(NullableAnnotation.NotAnnotated) : type;

    private TypeModel? Reference(INamedTypeSymbol type, string path, Location? where, TypeUse use)
    {
        if (use == TypeUse.Member)
            return Unsupported(path, where, $"{Names.Short(type)} is a reference to a grain, which a message cannot hold. Store the grain's key, and call GetGrain with it.");
        if (!type.IsVisible()) return Invisible(type, where);
        if (!type.IsGenericType) return Model(type, Shape.Reference);
        Problems.Add(Rules.Generic, where, Names.Short(type), $"Declare a closed interface (interface IMine : {Names.Short(type)}) and use that.");
        return null;
    }

    private TypeModel? Message(INamedTypeSymbol type, string path, Location? where)
    {
        if (!type.IsVisible()) return Invisible(type, where);
        if (type.IsOpen()) return Unsupported(path, where, $"{Names.Short(type)} is an open generic type. Use it with type arguments.");
        var closed = type.IsGenericType;
        if (closed)
        {
            if (Depth(type) > DeepestNesting) return Unsupported(path, where, $"{Names.Short(type)} nests generic types too deep. Write a [GenerateSerializer] record for the inner part.");
            var key = type.ToDisplayString(Names.Plain);
            if (!_closed.ContainsKey(key)) _closed.Add(key, type);
        }

        var local = closed || SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, Compilation.Assembly);
        var (package, name) = ProtoName(type);
        return Model(type, Shape.Message) with
        {
            Message = new MessageReference(
                local ? $"global::{Namespace}.{CodecName(type)}.Shared" : $"global::Granary.Codec.MessageCodec<{type.ToDisplayString(Names.Declared)}>.Instance",
                package,
                name,
                TypeGraph.HasEmpty(type)),
        };
    }

    private TypeModel? Invisible(INamedTypeSymbol type, Location? where)
    {
        Problems.Add(Rules.TypeNotVisible, where, Names.Readable(type));
        return null;
    }

    private TypeModel? Unsupported(string path, Location? where, string reason)
    {
        Problems.Add(Rules.UnsupportedType, where, path, reason);
        return null;
    }

    private static int Depth(ITypeSymbol type) => type is INamedTypeSymbol { TypeArguments: { Length: > 0 } arguments } ? 1 + arguments.Max(Depth) : 0;

    private static string Reason(ITypeSymbol type)
    {
        var name = Names.Short(type);
        if (type.IsTupleType) return $"{name} is a tuple, whose parts have no lasting names. Write a [GenerateSerializer] record.";
        if (type.TypeKind == TypeKind.Dynamic || type.SpecialType == SpecialType.System_Object) return $"{name} can be anything, and the wire needs to know. Use the actual type, or a base type with [Union] for a choice of types.";
        if (type is IArrayTypeSymbol) return $"{name} has more than one dimension. Use a list of [GenerateSerializer] records.";
        if (type.TypeKind == TypeKind.TypeParameter) return $"{name} is a type parameter. Use a type.";
        return Names.Definition(type) switch
        {
            "System.Collections.Generic.IEnumerable<T>" or "System.Collections.IEnumerable" => $"{name} may be lazy or endless. Use IReadOnlyList<T>, List<T> or an array; for a stream, return IAsyncEnumerable<T> or take RpcStream<T>.",
            "System.Collections.Generic.IAsyncEnumerable<T>" => $"{name} is only possible as a result. Take RpcStream<T> for a streamed argument.",
            "System.Memory<T>" or "System.Span<T>" or "System.ReadOnlySpan<T>" => $"{name} is a view of someone's memory. Use byte[] or ReadOnlyMemory<byte>.",
            Names.RpcStream => "an RpcStream<T> is only possible as a parameter of a grain method.",
            Names.ImmutableWrapper => "Immutable<T> is only possible as a parameter or result. Mark the member [Immutable].",
            "System.Threading.CancellationToken" => "a CancellationToken is only possible as a parameter of a grain method.",
            "System.Uri" => "Uri has no form of its own. Use a string.",
            _ when type.TypeKind == TypeKind.Interface => $"{name} is an interface. Use a class, or mark it [GenerateSerializer] with a [Union] of the types it may be.",
            _ when type.TypeKind is TypeKind.Delegate => $"{name} is code, which cannot be sent. Pass data, or an observer interface (IGrainObserver).",
            _ => $"{name} is not serialized. Mark it [GenerateSerializer] and its members [Id(n)], or use a type that is.",
        };
    }
}
