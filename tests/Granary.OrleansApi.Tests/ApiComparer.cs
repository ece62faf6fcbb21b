using Microsoft.CodeAnalysis;

namespace Granary.OrleansApi.Tests;

/// <summary>
/// Lists how public types of ours differ from official types of the same name. Ours may have fewer members, except where users implement:
/// interfaces and abstract members must be complete.
/// </summary>
internal sealed class ApiComparer(IReadOnlyDictionary<string, INamedTypeSymbol> official)
{
    private readonly List<string> _differences = [];

    public static IReadOnlyList<string> Compare(IEnumerable<INamedTypeSymbol> ours, IReadOnlyDictionary<string, INamedTypeSymbol> official)
    {
        var comparer = new ApiComparer(official);
        foreach (var type in ours)
            comparer.CompareType(type);
        return comparer._differences;
    }

    public static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal;

    private void CompareType(INamedTypeSymbol ours)
    {
        var name = ApiSignature.Type(ours.OriginalDefinition, nullability: false);
        if (!official.TryGetValue(name, out var theirs))
            return;
        Expect(name, "kind", Kind(ours), Kind(theirs));
        Expect(name, "constraints", ApiSignature.Constraints(ours.TypeParameters), ApiSignature.Constraints(theirs.TypeParameters));
        Expect(name, "base class", BaseOf(ours), BaseOf(theirs));
        Expect(name, "attribute usage", Usage(ours), Usage(theirs));
        CompareInterfaces(name, ours, theirs);
        if (ours.TypeKind == TypeKind.Delegate)
        {
            CompareMethod($"{name}.Invoke", ours.DelegateInvokeMethod!, theirs.DelegateInvokeMethod!);
            return;
        }

        if (ours.TypeKind == TypeKind.Enum)
            Expect(name, "underlying type", ours.EnumUnderlyingType!.Name, theirs.EnumUnderlyingType!.Name);
        CompareMembers(name, ours, theirs);
    }

    private void CompareInterfaces(string name, INamedTypeSymbol ours, INamedTypeSymbol theirs)
    {
        var mine = ours.AllInterfaces.Where(IsVisible).Select(type => ApiSignature.Type(type, nullability: false)).ToHashSet(StringComparer.Ordinal);
        var known = theirs.AllInterfaces.Select(type => ApiSignature.Type(type, nullability: false)).ToHashSet(StringComparer.Ordinal);
        foreach (var extra in mine.Except(known, StringComparer.Ordinal))
            _differences.Add($"{name}: implements {extra}, official does not");
        if (ours.TypeKind != TypeKind.Interface)
            return;
        foreach (var missing in known.Except(mine, StringComparer.Ordinal))
            _differences.Add($"{name}: does not extend {missing}, official does");
    }

    private void CompareMembers(string name, INamedTypeSymbol ours, INamedTypeSymbol theirs)
    {
        var known = theirs.GetMembers().Where(IsComparable).ToLookup(ApiSignature.Key, StringComparer.Ordinal);
        var mine = ours.GetMembers().Where(IsComparable).ToLookup(ApiSignature.Key, StringComparer.Ordinal);
        foreach (var member in mine.SelectMany(group => group))
        {
            var key = ApiSignature.Key(member);
            var counterpart = known[key].FirstOrDefault(other => other.Kind == member.Kind);
            if (counterpart is not null)
                CompareMember($"{name}.{key}", member, counterpart);
            else if (member is INamedTypeSymbol nested)
                _differences.Add($"{name}: has a nested type {nested.Name}, official does not");
            else if (!member.IsOverride)
                _differences.Add($"{name}: has {Describe(member)}, official has {Candidates(theirs, member)}");
        }

        // What users implement must be complete, or their code would not compile against official.
        foreach (var member in known.SelectMany(group => group).Where(member => ours.TypeKind == TypeKind.Interface || member.IsAbstract))
        {
            var key = ApiSignature.Key(member);
            if (member is not INamedTypeSymbol && !mine[key].Any(other => other.Kind == member.Kind))
                _differences.Add($"{name}: lacks {Describe(member)}, which users implement");
        }
    }

    private void CompareMember(string name, ISymbol ours, ISymbol theirs)
    {
        Expect(name, "accessibility", ours.DeclaredAccessibility, theirs.DeclaredAccessibility);
        Expect(name, "static", ours.IsStatic, theirs.IsStatic);
        Expect(name, "abstract", ours.IsAbstract, theirs.IsAbstract);
        Expect(name, "overridable", IsOverridable(ours), IsOverridable(theirs));
        switch (ours, theirs)
        {
            case (IMethodSymbol mine, IMethodSymbol known):
                CompareMethod(name, mine, known);
                break;
            case (IPropertySymbol mine, IPropertySymbol known):
                CompareTypes(name, mine.Type, known.Type);
                Expect(name, "required", mine.IsRequired, known.IsRequired);
                CompareAccessor(name, "get", mine.GetMethod, known.GetMethod, mine.ContainingType.TypeKind);
                CompareAccessor(name, "set", mine.SetMethod, known.SetMethod, mine.ContainingType.TypeKind);
                break;
            case (IFieldSymbol mine, IFieldSymbol known):
                CompareTypes(name, mine.Type, known.Type);
                Expect(name, "readonly", mine.IsReadOnly, known.IsReadOnly);
                Expect(name, "const", mine.IsConst, known.IsConst);
                if (mine.IsConst && known.IsConst)
                    Expect(name, "value", ApiSignature.Constant(mine.ConstantValue), ApiSignature.Constant(known.ConstantValue));
                break;
            case (IEventSymbol mine, IEventSymbol known):
                CompareTypes(name, mine.Type, known.Type);
                break;
        }
    }

    private void CompareMethod(string name, IMethodSymbol ours, IMethodSymbol theirs)
    {
        Expect(name, "extension method", ours.IsExtensionMethod, theirs.IsExtensionMethod);
        Expect(name, "constraints", ApiSignature.Constraints(ours.TypeParameters), ApiSignature.Constraints(theirs.TypeParameters));
        // A user writes these names in calls; those of an override are the base's.
        if (!ours.IsOverride)
            Expect(name, "parameters", ApiSignature.ParameterNames(ours.Parameters), ApiSignature.ParameterNames(theirs.Parameters));
        Expect(name, "returns by", ours.RefKind, theirs.RefKind);
        CompareTypes(name, ours.ReturnType, theirs.ReturnType);
        for (var i = 0; i < Math.Min(ours.Parameters.Length, theirs.Parameters.Length); i++)
            CompareTypes($"{name} parameter {ours.Parameters[i].Name}", ours.Parameters[i].Type, theirs.Parameters[i].Type);
    }

    private void CompareAccessor(string name, string accessor, IMethodSymbol? ours, IMethodSymbol? theirs, TypeKind container)
    {
        if (ours is not null && !IsVisible(ours))
            ours = null;
        if (theirs is not null && !IsVisible(theirs))
            theirs = null;
        if (ours is null && theirs is null)
            return;
        if (theirs is null)
        {
            _differences.Add($"{name}: has {accessor}, official does not");
        }
        else if (ours is null)
        {
            if (container == TypeKind.Interface)
                _differences.Add($"{name}: lacks {accessor}, which users implement");
        }
        else
        {
            Expect(name, $"accessibility of {accessor}", ours.DeclaredAccessibility, theirs.DeclaredAccessibility);
            Expect(name, "init only", ours.IsInitOnly, theirs.IsInitOnly);
        }
    }

    private void CompareTypes(string name, ITypeSymbol ours, ITypeSymbol theirs)
    {
        var known = ApiSignature.Type(theirs, nullability: true);
        // Where official does not say whether null is meant, nothing can differ.
        var nullability = !known.Contains('~', StringComparison.Ordinal);
        Expect(name, "type", ApiSignature.Type(ours, nullability), ApiSignature.Type(theirs, nullability));
    }

    private void Expect<T>(string name, string what, T ours, T theirs)
    {
        if (!EqualityComparer<T>.Default.Equals(ours, theirs))
            _differences.Add($"{name}: {what} is '{ours}', official: '{theirs}'");
    }

    private static bool IsComparable(ISymbol member) =>
        IsVisible(member) && member is not IMethodSymbol { AssociatedSymbol: not null } && member is not IMethodSymbol { MethodKind: MethodKind.Destructor };

    private static bool IsOverridable(ISymbol member) =>
        (member.IsVirtual || member.IsAbstract || member.IsOverride) && !member.IsSealed && !member.ContainingType.IsSealed && !member.ContainingType.IsValueType;

    private static string Kind(INamedTypeSymbol type) =>
        (type.IsStatic ? "static " : type is { IsAbstract: true, TypeKind: TypeKind.Class } ? "abstract " : "")
        + (type is { IsSealed: true, IsStatic: false, TypeKind: TypeKind.Class } ? "sealed " : "")
        + (type.IsReadOnly ? "readonly " : "")
        + (type.IsRefLikeType ? "ref " : "")
        + type.TypeKind;

    private static string BaseOf(INamedTypeSymbol type) => type.BaseType is { } parent ? ApiSignature.Type(parent, nullability: false) : "";

    private static string Usage(INamedTypeSymbol type)
    {
        var usage = type.GetAttributes().FirstOrDefault(attribute => attribute.AttributeClass?.Name == nameof(AttributeUsageAttribute));
        if (usage is null)
            return "";
        var named = usage.NamedArguments.ToDictionary(argument => argument.Key, argument => argument.Value.Value, StringComparer.Ordinal);
        var many = named.GetValueOrDefault(nameof(AttributeUsageAttribute.AllowMultiple), false);
        var inherited = named.GetValueOrDefault(nameof(AttributeUsageAttribute.Inherited), true);
        return $"{(AttributeTargets)(int)usage.ConstructorArguments[0].Value!}, multiple {many}, inherited {inherited}";
    }

    private static string Describe(ISymbol member) => $"{member.Kind.ToString().ToLowerInvariant()} {member.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat)}";

    private static string Candidates(INamedTypeSymbol type, ISymbol member)
    {
        var candidates = type.GetMembers(member.Name).Where(IsComparable).Select(Describe).ToList();
        return candidates.Count == 0 ? "none of that name" : string.Join(" and ", candidates);
    }
}
