using Granary.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Granary.Generators.Reading;

/// <summary>Reads serialized types into models, with every rule about them.</summary>
internal static class MessageReader
{
    /// <summary>A type marked <c>[GenerateSerializer]</c> or <c>[Union]</c>, and the closed generic types it mentions. Generic definitions are checked where they are closed.</summary>
    public static MessageRoot ReadRoot(INamedTypeSymbol type, TypeReader types)
    {
        if (type.IsOpen())
        {
            CheckIds(type, types.Problems);
            return new MessageRoot(null, default, default);
        }

        var message = Read(type, types);
        var closed = ReadClosed(types, out var broken);
        return new MessageRoot(message, closed, message is null ? broken.Append(TypeReader.CodecName(type)).ToEquatable() : broken);
    }

    /// <summary>The models of the closed generic types that the reader has met, and of those that they mention.</summary>
    public static EquatableArray<MessageModel> ReadClosed(TypeReader types, out EquatableArray<string> broken)
    {
        var models = new Dictionary<string, MessageModel?>(StringComparer.Ordinal);
        while (true)
        {
            var next = types.Closed.Where(t => !models.ContainsKey(t.ToDisplayString(Names.Plain))).ToArray();
            if (next.Length == 0) break;
            foreach (var type in next)
            {
                var key = type.ToDisplayString(Names.Plain);
                models[key] = null;
                models[key] = Read(type, types);
            }
        }

        broken = types.Closed.Where(t => models[t.ToDisplayString(Names.Plain)] is null).Select(TypeReader.CodecName).ToEquatable();
        return models.Where(m => m.Value is not null).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Value!).ToEquatable();
    }

    /// <summary>The model, or null after a problem.</summary>
    public static MessageModel? Read(INamedTypeSymbol type, TypeReader types)
    {
        var problems = types.Problems;
        var before = problems.Count;
        if (!type.IsVisible())
        {
            problems.Add(Rules.TypeNotVisible, type.Where(), Names.Readable(type));
            return null;
        }

        var (package, name) = TypeReader.ProtoName(type);
        var model = new MessageModel
        {
            TypeName = type.ToDisplayString(Names.Plain),
            DisplayName = Names.Readable(type),
            CodecName = TypeReader.CodecName(type),
            Package = package,
            Name = name,
            Summary = Documentation.Summary(type, types.Cancellation),
            IsValueType = type.IsValueType,
            IsImmutable = types.Graph.IsImmutable(type),
            MayBeDerived = type is { TypeKind: TypeKind.Class, IsSealed: false },
            IsRecursive = TypeGraph.IsRecursive(type),
        };
        if (TypeGraph.IsUnion(type))
        {
            model = model with { Cases = UnionReader.Read(type, types) };
        }
        else
        {
            if (type.TypeKind == TypeKind.Interface || type.IsAbstract)
                problems.Add(Rules.BadUnion, type.Where(), Names.Readable(type), "an abstract type or interface is serialized as one of its sub-types. Write [Union(n, typeof(SubType))] for each of them.");
            else if (type.IsStatic || type.IsRefLikeType)
                problems.Add(Rules.UnsupportedType, type.Where(), Names.Readable(type), "a static type or ref struct cannot be sent. Use a class, record or struct.");
            CheckBases(type, problems);
            CheckIds(type, problems);
            model = model with { Fields = ConstructionReader.Arrange(type, ReadFields(type, types), types) };
        }

        return problems.Count == before ? model : null;
    }

    private static List<(Member Member, FieldModel Field)> ReadFields(INamedTypeSymbol type, TypeReader types)
    {
        var fields = new List<(Member, FieldModel)>();
        foreach (var member in Members.Of(type))
        {
            var path = Names.Short(type) + "." + member.Symbol.Name;
            var where = member.Symbol.Where() ?? type.Where();
            var getter = member.Symbol is IPropertySymbol property ? (ISymbol?)property.GetMethod : member.Symbol;
            if (!member.Symbol.IsReachable() || getter is null || !getter.IsReachable())
            {
                types.Problems.Add(Rules.NotReadable, where, path, getter is null ? "write-only" : "private or protected");
                continue;
            }

            if (types.Read(member.Type, path, where, TypeUse.Member) is not { } model) continue;
            var parameter = member.Positional;
            var required = member.Symbol is IPropertySymbol { IsRequired: true } or IFieldSymbol { IsRequired: true } || parameter is { HasExplicitDefaultValue: false };
            fields.Add((member, new FieldModel
            {
                Number = (int)member.Id + 1,
                Name = Names.Escape(member.Symbol.Name),
                JsonName = Names.CamelCase(member.Symbol.Name),
                Type = model,
                Required = required && !model.Nullable,
                Default = parameter is { HasExplicitDefaultValue: true } ? Literals.CSharp(parameter) : null,
                DefaultJson = parameter is { HasExplicitDefaultValue: true } ? Literals.Json(parameter) : null,
                Shared = TypeGraph.IsMarkedImmutable(member.Symbol),
                IsKey = member.Symbol.Has(Names.RpcKey),
                HasInitialValue = HasInitialValue(member.Symbol),
                Summary = Documentation.Summary(member.Symbol, types.Cancellation) ?? (parameter is null ? null : Documentation.Parameter(type, parameter.Name, types.Cancellation)),
                Deprecated = member.Symbol.Obsolete(),
            }));
        }

        return fields;
    }

    private static bool HasInitialValue(ISymbol symbol) => symbol.DeclaringSyntaxReferences.Any(r => r.GetSyntax() is PropertyDeclarationSyntax { Initializer: not null } or VariableDeclaratorSyntax { Initializer: not null });

    /// <summary>Ids are there, distinct, and in the range of protobuf field numbers.</summary>
    private static void CheckIds(INamedTypeSymbol type, Problems problems)
    {
        var byId = new Dictionary<long, Member>();
        var byJsonName = new Dictionary<string, Member>(StringComparer.Ordinal);
        var members = Members.Of(type).ToArray();
        var free = FreeId(members);
        foreach (var member in members)
        {
            var where = member.Symbol.Where() ?? type.Where();
            if (byId.TryGetValue(member.Id, out var other)) problems.Add(Rules.DuplicateId, where, Path(member.Symbol), Path(other.Symbol), member.Id, free);
            else byId.Add(member.Id, member);

            // Fields 19000 to 19999 are protobuf's own; 536870911 is the last.
            if (member.Id is > 536_870_910 or >= 18_999 and <= 19_998)
                problems.Add(Rules.UnsupportedType, where, Path(member.Symbol), $"its id {member.Id} is field {member.Id + 1}, which protobuf does not allow. Use ids up to 18998.");
            var json = Names.CamelCase(member.Symbol.Name);
            if (byJsonName.TryGetValue(json, out other)) problems.Add(Rules.UnsupportedType, where, Path(member.Symbol), $"it is '{json}' in JSON, and so is {Path(other.Symbol)}. Rename one.");
            else byJsonName.Add(json, member);
        }

        var serialized = new HashSet<ISymbol>(members.Select(m => m.Symbol), SymbolEqualityComparer.Default);
        foreach (var owner in Members.Chain(type))
        {
            if (!SymbolEqualityComparer.Default.Equals(owner, type) && SymbolEqualityComparer.Default.Equals(owner.ContainingAssembly, type.ContainingAssembly) && !owner.IsGenericType) continue; // reported at the base itself
            foreach (var symbol in owner.GetMembers())
            {
                if (serialized.Contains(symbol) || !IsForgotten(symbol)) continue;
                problems.Add(Rules.MissingId, symbol.Where() ?? type.Where(), Path(symbol), free++);
            }
        }
    }

    private static void CheckBases(INamedTypeSymbol type, Problems problems)
    {
        for (var t = type.BaseType; t is { SpecialType: not (SpecialType.System_Object or SpecialType.System_ValueType) }; t = t.BaseType)
        {
            if (t.Has(Names.GenerateSerializer)) continue;
            var holdsData = t.GetMembers().Any(m => !m.IsStatic && (m.IdOf() >= 0 || IsForgotten(m)));
            if (holdsData) problems.Add(Rules.BaseNotSerialized, type.Where(), Names.Readable(type), Names.Readable(t));
        }
    }

    /// <summary>A public member that holds data, and says nothing about serialization.</summary>
    private static bool IsForgotten(ISymbol symbol)
    {
        if (symbol.IsStatic || symbol.IsImplicitlyDeclared || symbol.DeclaredAccessibility != Accessibility.Public || symbol.Where() is null || symbol.IdOf() >= 0) return false;
        switch (symbol)
        {
            case IFieldSymbol { IsConst: false, AssociatedSymbol: null } field:
                return !field.Has("System.NonSerializedAttribute");
            case IPropertySymbol { IsIndexer: false, IsOverride: false } property:
                var backing = Members.BackingField(property);
                if (backing is null) return property.SetMethod is { DeclaredAccessibility: Accessibility.Public } && !property.IsAbstract;
                return !backing.Has("System.NonSerializedAttribute");
            default:
                return false;
        }
    }

    private static long FreeId(IEnumerable<Member> members) => members.Select(m => m.Id).DefaultIfEmpty(-1).Max() + 1;

    private static string Path(ISymbol member) => Names.Short(member.ContainingType) + "." + member.Name;
}
