using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Reads grain interfaces and observers into models, with every rule about them.</summary>
internal static class InterfaceReader
{
    /// <summary>Whether the type is one whose calls need generated code (or rules): a grain interface or an observer.</summary>
    public static bool IsContract(INamedTypeSymbol type) =>
        type.TypeKind == TypeKind.Interface && type.IsAddressable();

    /// <summary>The model, or null after a problem.</summary>
    public static InterfaceModel? Read(INamedTypeSymbol type, TypeReader types)
    {
        var problems = types.Problems;
        var before = problems.Count;
        if (!IsContract(type))
        {
            if (type.Has(Names.RpcService)) problems.Add(Rules.ServiceNotAGrain, type.Where(), Names.Readable(type));
            return null;
        }

        if (type.IsOpen())
        {
            CheckGeneric(type, types);
            return null;
        }

        if (!type.IsVisible())
        {
            problems.Add(Rules.TypeNotVisible, type.Where(), Names.Readable(type));
            return null;
        }

        var full = Names.Readable(type);
        var isObserver = type.Inherits(Names.Observer);
        var key = KeyOf(type);
        var service = ServiceReader.ReadService(type, key, types);
        var model = new InterfaceModel
        {
            TypeName = type.ToDisplayString(Names.Plain),
            FullName = full,
            WireName = type.Find("Orleans.Runtime.GrainInterfaceTypeAttribute")?.FirstText() ?? type.Find("Orleans.GrainInterfaceTypeAttribute")?.FirstText() ?? type.Find(Names.Alias)?.FirstText() ?? full,
            Version = Version(type),
            Stem = Names.Identifier(full),
            IsObserver = isObserver,
            Key = key,
            Methods = ReadMethods(type, isObserver, service is not null, types),
            RuntimeMethods = ReadRuntimeMethods(type).ToEquatable(),
            Service = service,
        };
        if (service is not null) ServiceReader.Check(type, model, types);
        if (problems.Count != before) return null;
        model = model with { Closed = MessageReader.ReadClosed(types, out var broken) };
        return model with { Broken = broken };
    }

    /// <summary>The methods of the interface and those it inherits, in order of declaration, bases last.</summary>
    private static EquatableArray<MethodModel> ReadMethods(INamedTypeSymbol type, bool isObserver, bool isExposed, TypeReader types)
    {
        var methods = new List<MethodModel>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var ids = new Dictionary<uint, string>();
        foreach (var owner in type.AllInterfaces.Insert(0, type))
        {
            if (IsOfRuntime(owner, type)) continue;
            foreach (var member in owner.GetMembers())
            {
                if (member.IsStatic) continue;
                if (member is IPropertySymbol or IEventSymbol) types.Problems.Add(Rules.NotAMethod, member.Where() ?? type.Where(), Names.Short(owner) + "." + member.Name);
                if (member is not IMethodSymbol { MethodKind: MethodKind.Ordinary } method || !method.IsAbstract) continue;
                if (MethodReader.Read(method, type, isObserver, isExposed, types) is not { } model) continue;
                if (ids.TryGetValue(model.Id, out var other))
                    types.Problems.Add(Rules.MethodIdCollision, method.Where() ?? type.Where(), MethodReader.Signature(method), other, "0x" + model.Id.ToString("x8", System.Globalization.CultureInfo.InvariantCulture));
                else
                    ids.Add(model.Id, MethodReader.Signature(method));
                var unique = model.UniqueName;
                for (var n = 2; !names.Add(unique); n++) unique = model.UniqueName + n.ToString(System.Globalization.CultureInfo.InvariantCulture);
                methods.Add(model with { UniqueName = unique });
            }
        }

        return methods.ToEquatable();
    }

    /// <summary>The signatures of inherited methods that only the runtime calls, such as that of <c>IRemindable</c>.</summary>
    private static IEnumerable<string> ReadRuntimeMethods(INamedTypeSymbol type) =>
        from owner in type.AllInterfaces
        where IsOfRuntime(owner, type)
        from method in owner.GetMembers().OfType<IMethodSymbol>()
        where method is { MethodKind: MethodKind.Ordinary, IsAbstract: true, IsStatic: false }
        let parameters = string.Join(", ", method.Parameters.Select(p => $"{p.Type.ToDisplayString(Names.Declared)} {Names.Escape(p.Name)}"))
        select $"{method.ReturnType.ToDisplayString(Names.Declared)} {owner.ToDisplayString(Names.Declared)}.{method.Name}({parameters})";

    private static bool IsOfRuntime(INamedTypeSymbol owner, INamedTypeSymbol type) =>
        !SymbolEqualityComparer.Default.Equals(owner, type) && Names.Definition(owner).StartsWith("Orleans.", StringComparison.Ordinal);

    /// <summary>A generic interface is fine as the base of closed ones; without any, nobody can call it.</summary>
    private static void CheckGeneric(INamedTypeSymbol type, TypeReader types)
    {
        var closed = HasClosedHeir(types.Compilation.Assembly.GlobalNamespace, type, types.Cancellation);
        if (!closed)
        {
            var example = $"{type.Name}<{string.Join(", ", type.TypeParameters.Select(_ => "int"))}>";
            types.Problems.Add(Rules.Generic, type.Where(), Names.Readable(type), $"Declare a closed interface to call it by, for example 'interface {type.Name}OfInt : {example};'.");
        }
    }

    private static bool HasClosedHeir(INamespaceOrTypeSymbol space, INamedTypeSymbol type, CancellationToken cancellation)
    {
        foreach (var member in space.GetMembers())
        {
            cancellation.ThrowIfCancellationRequested();
            if (member is INamedTypeSymbol { TypeKind: TypeKind.Interface } i && !i.IsOpen() && i.AllInterfaces.Any(b => SymbolEqualityComparer.Default.Equals(b.OriginalDefinition, type))) return true;
            if (member is INamespaceOrTypeSymbol inner && HasClosedHeir(inner, type, cancellation)) return true;
        }

        return false;
    }

    private static KeyKind KeyOf(INamedTypeSymbol type)
    {
        foreach (var i in type.AllInterfaces)
        {
            switch (Names.Definition(i))
            {
                case "Orleans.IGrainWithStringKey": return KeyKind.String;
                case "Orleans.IGrainWithIntegerKey": return KeyKind.Integer;
                case "Orleans.IGrainWithGuidKey": return KeyKind.Guid;
                case "Orleans.IGrainWithIntegerCompoundKey": return KeyKind.IntegerCompound;
                case "Orleans.IGrainWithGuidCompoundKey": return KeyKind.GuidCompound;
            }
        }

        return KeyKind.None;
    }

    private static int Version(INamedTypeSymbol type)
    {
        var data = type.Find("Orleans.CodeGeneration.VersionAttribute");
        return data is { ConstructorArguments: [{ Value: { } value }] } ? Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture) : 0;
    }
}
