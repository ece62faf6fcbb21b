using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Granary.OrleansApi.Tests;

/// <summary>
/// Official assemblies that can be read use members of those that cannot, and name them with their whole signature. Where we define a member of
/// that name with as many parameters, one of ours must have exactly that signature.
/// </summary>
internal static class MemberReferences
{
    public static IReadOnlyList<string> Compare(IEnumerable<string> ours, IEnumerable<string> official, out int compared)
    {
        var mine = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var path in ours)
            ReadDefinitions(path, mine);

        var differences = new SortedSet<string>(StringComparer.Ordinal);
        compared = 0;
        foreach (var (member, signature) in official.SelectMany(ReadReferences).Distinct())
        {
            // Exceptions of ours leave out the constructors of the binary serializer, which is gone from .NET.
            if (!mine.TryGetValue(member, out var signatures) || signature.Contains("SerializationInfo", StringComparison.Ordinal))
                continue;
            compared++;
            if (!signatures.Contains(signature))
                differences.Add($"{member}: official assemblies call {signature}, ours has {string.Join(" and ", signatures)}");
        }

        return [.. differences];
    }

    private static void ReadDefinitions(string path, Dictionary<string, HashSet<string>> members)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        foreach (var handle in reader.MethodDefinitions)
        {
            var method = reader.GetMethodDefinition(handle);
            var signature = method.DecodeSignature(SignatureNames.Instance, null);
            var name = Name(SignatureNames.Instance.GetTypeFromDefinition(reader, method.GetDeclaringType(), 0), reader.GetString(method.Name), signature);
            if (!members.TryGetValue(name, out var signatures))
                members.Add(name, signatures = new(StringComparer.Ordinal));
            signatures.Add(Text(signature));
        }
    }

    private static List<(string Member, string Signature)> ReadReferences(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var references = new List<(string, string)>();
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (member.GetKind() != MemberReferenceKind.Method || member.Parent.Kind != HandleKind.TypeReference)
                continue;
            var type = SignatureNames.Instance.GetTypeFromReference(reader, (TypeReferenceHandle)member.Parent, 0);
            if (!IsOutside(reader, (TypeReferenceHandle)member.Parent))
                continue;
            var signature = member.DecodeMethodSignature(SignatureNames.Instance, null);
            references.Add((Name(type, reader.GetString(member.Name), signature), Text(signature)));
        }

        return references;
    }

    // Types of Orleans.Core.Abstractions are compared in full elsewhere.
    private static bool IsOutside(MetadataReader reader, TypeReferenceHandle handle)
    {
        var scope = reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsOutside(reader, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference => reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name) is var assembly
                && assembly.StartsWith("Orleans.", StringComparison.Ordinal)
                && assembly != "Orleans.Core.Abstractions",
            _ => false,
        };
    }

    private static string Name(string type, string member, MethodSignature<string> signature) => $"{type}.{member}/{signature.ParameterTypes.Length}";

    private static string Text(MethodSignature<string> signature) =>
        $"{(signature.Header.IsInstance ? "" : "static ")}{signature.ReturnType} `{signature.GenericParameterCount}({string.Join(", ", signature.ParameterTypes)})";

    private sealed class SignatureNames : ISignatureTypeProvider<string, object?>
    {
        public static readonly SignatureNames Instance = new();

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeDefinition(handle);
            var name = reader.GetString(type.Name);
            if (!type.GetDeclaringType().IsNil)
                return $"{GetTypeFromDefinition(reader, type.GetDeclaringType(), 0)}/{name}";
            return type.Namespace.IsNil ? name : $"{reader.GetString(type.Namespace)}.{name}";
        }

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeReference(handle);
            var name = reader.GetString(type.Name);
            if (type.ResolutionScope.Kind == HandleKind.TypeReference)
                return $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}/{name}";
            return type.Namespace.IsNil ? name : $"{reader.GetString(type.Namespace)}.{name}";
        }

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPinnedType(string elementType) => elementType;

        public string GetFunctionPointerType(MethodSignature<string> signature) => $"fn {Text(signature)}";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => isRequired ? $"{unmodifiedType} {modifier}" : unmodifiedType;
    }
}
