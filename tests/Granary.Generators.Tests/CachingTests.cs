using Granary.Generators.Tests.Support;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Granary.Generators.Tests;

/// <summary>An edit that changes no contract writes nothing anew.</summary>
public sealed class CachingTests
{
    private const string Source = """
        [GenerateSerializer] public sealed class Page<T> { [Id(0)] public List<T> Items { get; set; } = []; }
        [GenerateSerializer] public sealed record User(string Name, int Age);
        [RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { Task<Page<User>> Get(RpcStream<short> x); }
        public sealed class UsersGrain : Grain, IUsersGrain { public Task<Page<User>> Get(RpcStream<short> x) => Task.FromResult(new Page<User>()); }
        """;

    [Fact]
    public void An_edit_elsewhere_leaves_every_output_as_it_was()
    {
        var snippet = new Snippet(Source);
        var edited = snippet.Source.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Unrelated { int x = 1; }", (CSharpParseOptions)snippet.Source.SyntaxTrees[0].Options));
        AssertUnchanged(snippet.Driver.RunGenerators(edited));
    }

    [Fact]
    public void An_edit_of_a_method_body_in_the_same_file_leaves_every_output_as_it_was()
    {
        var snippet = new Snippet(Source);
        var tree = snippet.Source.SyntaxTrees[0];
        var edited = snippet.Source.ReplaceSyntaxTree(tree, tree.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(tree.ToString().Replace("new Page<User>())", "new Page<User> { Items = [] })", StringComparison.Ordinal))));
        AssertUnchanged(snippet.Driver.RunGenerators(edited));
    }

    [Fact]
    public void A_change_of_one_type_writes_only_what_depends_on_it()
    {
        var snippet = new Snippet(Source + "[GenerateSerializer] public sealed class Other { [Id(0)] public int X { get; set; } }");
        var tree = snippet.Source.SyntaxTrees[0];
        var edited = snippet.Source.ReplaceSyntaxTree(tree, tree.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(tree.ToString().Replace("public int X { get; set; }", "public long X { get; set; }", StringComparison.Ordinal))));
        var changed = snippet.Driver.RunGenerators(edited).GetRunResult().Results[0].TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Count(o => o.Reason is not (IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged));
        Assert.Equal(1, changed);
    }

    [Fact]
    public void The_same_contract_generates_the_same_text()
    {
        var (first, second) = (new Snippet(Source, name: "Same"), new Snippet(Source, name: "Same"));
        Assert.Equal(
            first.Driver.GetRunResult().Results[0].GeneratedSources.Select(s => s.HintName + s.SourceText),
            second.Driver.GetRunResult().Results[0].GeneratedSources.Select(s => s.HintName + s.SourceText));
    }

    private static void AssertUnchanged(GeneratorDriver driver)
    {
        var outputs = driver.GetRunResult().Results[0].TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).ToArray();
        Assert.NotEmpty(outputs);
        Assert.All(outputs, o => Assert.True(o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, o.Reason.ToString()));
    }
}
