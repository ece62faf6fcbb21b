using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Granary.OrleansApi.Tests;

/// <summary>The comparison is worth something only if it fails: each snippet differs from another in one way.</summary>
public sealed class ApiComparerTests
{
    [Theory]
    [InlineData("public class A { public void M(int a) { } }", "public class A { public void M(int a) { } }", "")]
    [InlineData("public class A { public void M() { } }", "public class A { public void M() { } public void N() { } }", "")]
    [InlineData("public class A { public override string ToString() => \"\"; }", "public class A { }", "")]
    [InlineData("public class A { public T M<T>() => default!; }", "public class A { public U M<U>() => default!; }", "")]
    [InlineData("public class A { internal A() { } internal void M() { } }", "public class A { private A() { } }", "")]
    [InlineData("public class A { public void M() { } }", "public class A { }", "has method")]
    [InlineData("public class A { public void M(long a) { } }", "public class A { public void M(int a) { } }", "has method")]
    [InlineData("public class A { public void M(int b) { } }", "public class A { public void M(int a) { } }", "parameters")]
    [InlineData("public class A { public void M(int a = 1) { } }", "public class A { public void M(int a = 2) { } }", "parameters")]
    [InlineData("public class A { public int M() => 0; }", "public class A { public long M() => 0; }", "type")]
    [InlineData("public class A { public string? M() => null; }", "public class A { public string M() => \"\"; }", "type")]
    [InlineData("public class A { public void M() { } }", "public class A { public static void M() { } }", "static")]
    [InlineData("public class A { public void M() { } }", "public class A { public virtual void M() { } }", "overridable")]
    [InlineData("public class A { public void M() { } }", "public class A { protected void M() { } }", "accessibility")]
    [InlineData("public class A { public void M<T>() { } }", "public class A { public void M<T>() where T : class { } }", "constraints")]
    [InlineData("public class A { public int P { get; set; } }", "public class A { public int P { get; } }", "has set")]
    [InlineData("public class A { public int P { get; init; } }", "public class A { public int P { get; set; } }", "init only")]
    [InlineData("public class A { public const int C = 1; }", "public class A { public const int C = 2; }", "value")]
    [InlineData("public class A { }", "public sealed class A { }", "kind")]
    [InlineData("public struct A { }", "public class A { }", "kind")]
    [InlineData("public class A { }", "public class A { internal A() { } }", "has method")]
    [InlineData("public class A : System.Exception { }", "public class A : System.ArgumentException { }", "base class")]
    [InlineData("public class A : System.IDisposable { public void Dispose() { } }", "public class A { public void Dispose() { } }", "implements System.IDisposable")]
    [InlineData("public interface A { }", "public interface A { void M(); }", "which users implement")]
    [InlineData("public interface A { void M(); }", "public interface A { void M() { } }", "abstract")]
    [InlineData("public interface A { int P { get; } }", "public interface A { int P { get; set; } }", "lacks set")]
    [InlineData("public interface A { }", "public interface A : System.IDisposable { }", "does not extend")]
    [InlineData("public abstract class A { }", "public abstract class A { public abstract void M(); }", "which users implement")]
    [InlineData("public enum A { X, Y }", "public enum A { Y, X }", "value")]
    [InlineData("public enum A : byte { X }", "public enum A { X }", "underlying type")]
    [InlineData("public delegate void A(int x);", "public delegate void A(string x);", "type")]
    [InlineData(
        "[System.AttributeUsage(System.AttributeTargets.Class)] public class A : System.Attribute { }",
        "[System.AttributeUsage(System.AttributeTargets.Method)] public class A : System.Attribute { }",
        "attribute usage")]
    public void A_difference_is_reported_and_a_subset_is_not(string ours, string official, string expected)
    {
        var differences = ApiComparer.Compare(Compile(ours), Assemblies.ByName(Compile(official)));

        if (expected.Length == 0)
            Assert.Empty(differences);
        else
            Assert.Contains(differences, difference => difference.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_in_a_type_of_ours_would_be_found_in_the_official_assembly()
    {
        var official = Assemblies.ByName(Assemblies.Types(Assemblies.OfficialPaths));
        var changed = Compile("public abstract class Grain { public string IdentityString => \"\"; public int Extra; protected void DeactivateOnIdle(int when) { } }");

        var differences = ApiComparer.Compare(changed, official);

        Assert.Contains(differences, difference => difference.Contains("Extra", StringComparison.Ordinal));
        Assert.Contains(differences, difference => difference.Contains("DeactivateOnIdle", StringComparison.Ordinal));
        Assert.DoesNotContain(differences, difference => difference.Contains("IdentityString", StringComparison.Ordinal));
    }

    private static List<INamedTypeSymbol> Compile(string source)
    {
        var compilation = CSharpCompilation.Create(
            "snippet",
            [CSharpSyntaxTree.ParseText("#nullable enable\nnamespace Orleans { " + source + " }")],
            Assemblies.Framework,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.Empty(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return [.. Assemblies.Types(compilation.SourceModule.GlobalNamespace)];
    }
}
