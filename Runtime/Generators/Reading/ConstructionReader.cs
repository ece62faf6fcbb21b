using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Decides how the codec makes an instance: which members go through the constructor and which through the object initializer.</summary>
internal static class ConstructionReader
{
    /// <summary>The fields by number, each with its place in the construction.</summary>
    public static EquatableArray<FieldModel> Arrange(INamedTypeSymbol type, List<(Member Member, FieldModel Field)> fields, TypeReader types)
    {
        var constructor = Choose(type, fields.Select(f => f.Member).ToArray());
        if (constructor is null && !type.IsValueType && !type.IsAbstract)
        {
            // One whose only fault is a member that cannot be set is better told of that member.
            if (fields.All(f => IsSettable(f.Member.Symbol)) || !type.InstanceConstructors.Any(c => c.Parameters.Length == 0 && c.IsReachable()))
                types.Problems.Add(Rules.NoConstructor, type.Where(), Names.Readable(type));
        }

        var setsRequired = constructor?.Has("System.Diagnostics.CodeAnalysis.SetsRequiredMembersAttribute") ?? false;
        var arranged = new List<FieldModel>();
        foreach (var (member, field) in fields)
        {
            var index = constructor is null ? -1 : IndexOf(constructor, member);
            var settable = IsSettable(member.Symbol);
            if (index < 0 && !settable)
            {
                types.Problems.Add(Rules.NotWritable, member.Symbol.Where() ?? type.Where(), Names.Short(type) + "." + member.Symbol.Name, Fault(member.Symbol), Names.CamelCase(member.Symbol.Name));
                continue;
            }

            var isRequired = member.Symbol is IPropertySymbol { IsRequired: true } or IFieldSymbol { IsRequired: true };
            arranged.Add(field with
            {
                ConstructorIndex = index,
                InInitializer = index < 0 || (isRequired && !setsRequired),
                HasInitialValue = field.HasInitialValue && index < 0,
            });
        }

        return arranged.OrderBy(f => f.Number).ToEquatable();
    }

    private static IMethodSymbol? Choose(INamedTypeSymbol type, Member[] members)
    {
        if (Members.Positional(type) is { } positional && positional.IsReachable() && Fits(positional, members)) return positional;
        var reachable = type.InstanceConstructors.Where(c => c.IsReachable()).ToArray();
        var unsettable = members.Where(m => !IsSettable(m.Symbol)).ToArray();
        if (unsettable.Length == 0 && reachable.FirstOrDefault(c => c.Parameters.Length == 0) is { } empty) return empty;
        return reachable
            .Where(c => c.Parameters.Length > 0 && Fits(c, members) && unsettable.All(m => IndexOf(c, m) >= 0))
            .OrderByDescending(c => c.Parameters.Length)
            .FirstOrDefault();
    }

    private static bool Fits(IMethodSymbol constructor, Member[] members) =>
        constructor.Parameters.All(p => p.RefKind == RefKind.None && members.Any(m => Matches(p, m))) && !IsCopy(constructor);

    private static bool IsCopy(IMethodSymbol constructor) => constructor.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(constructor.Parameters[0].Type, constructor.ContainingType);

    private static int IndexOf(IMethodSymbol constructor, Member member)
    {
        for (var i = 0; i < constructor.Parameters.Length; i++)
        {
            if (Matches(constructor.Parameters[i], member)) return i;
        }

        return -1;
    }

    private static bool Matches(IParameterSymbol parameter, Member member) =>
        string.Equals(parameter.Name, member.Symbol.Name, StringComparison.OrdinalIgnoreCase) && SymbolEqualityComparer.Default.Equals(parameter.Type, member.Type);

    private static bool IsSettable(ISymbol symbol) => symbol switch
    {
        IPropertySymbol p => p.SetMethod is { } set && set.IsReachable(),
        IFieldSymbol f => !f.IsReadOnly,
        _ => false,
    };

    private static string Fault(ISymbol symbol) => symbol switch
    {
        IPropertySymbol { SetMethod: null } => "it has no setter",
        IPropertySymbol => "its setter is private or protected",
        _ => "it is readonly",
    };
}
