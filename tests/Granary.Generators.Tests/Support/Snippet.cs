using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Granary.Generators.Tests.Support;

/// <summary>A contract in a string: compiled with our generator and analyzer, in memory.</summary>
internal sealed class Snippet
{
    private const string Usings = """
        #nullable enable
        using System;
        using System.Collections.Generic;
        using System.Collections.Immutable;
        using System.Threading;
        using System.Threading.Tasks;
        using Granary.Rpc;
        using Orleans;
        using Orleans.Concurrency;
        using Orleans.Runtime;
        """;

    private static readonly MetadataReference[] s_references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(p => !p.Contains("xunit", StringComparison.Ordinal) && !p.Contains("CodeAnalysis", StringComparison.Ordinal) && !p.EndsWith("Granary.Generators.dll", StringComparison.Ordinal))
        .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p))
        .ToArray();

    private static int s_count;

    private readonly CSharpCompilation _source;

    public Snippet(string source, string engine = "embedded", string? contractsLock = null, bool keepsLock = false, bool updatesLock = false, IEnumerable<MetadataReference>? references = null, string? name = null)
    {
        var parse = new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse);
        _source = CSharpCompilation.Create(
            name ?? $"Snippet{Interlocked.Increment(ref s_count)}",
            [CSharpSyntaxTree.ParseText(Usings + "\nnamespace Shop;\n" + source, parse, path: "Contract.cs")],
            [.. s_references, .. references ?? []],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, generalDiagnosticOption: ReportDiagnostic.Error)
                .WithSpecificDiagnosticOptions([new("CS1591", ReportDiagnostic.Suppress), new("CS1701", ReportDiagnostic.Suppress)]));
        Options = new Settings(engine, keepsLock, updatesLock);
        Files = contractsLock is null ? [] : [new LockText(contractsLock)];
        Driver = CSharpGeneratorDriver.Create([new ContractGenerator().AsSourceGenerator()], Files, parse, Options, new GeneratorDriverOptions(default, trackIncrementalGeneratorSteps: true))
            .RunGeneratorsAndUpdateCompilation(_source, out var output, out var problems);
        Output = (CSharpCompilation)output;
        Assert.Empty(problems);
    }

    /// <summary>The compilation before generation.</summary>
    public CSharpCompilation Source => _source;

    /// <summary>The compilation with what was generated.</summary>
    public CSharpCompilation Output { get; }

    public GeneratorDriver Driver { get; }

    public ImmutableArray<AdditionalText> Files { get; }

    private Settings Options { get; }

    /// <summary>The generated source whose name contains the text.</summary>
    public string Generated(string part) => Driver.GetRunResult().Results[0].GeneratedSources.Single(s => s.HintName.Contains(part, StringComparison.Ordinal)).SourceText.ToString();

    public bool Generates(string part) => Driver.GetRunResult().Results[0].GeneratedSources.Any(s => s.HintName.Contains(part, StringComparison.Ordinal));

    /// <summary>What the compiler itself says; warnings are errors.</summary>
    public string[] CompilerErrors() => Output.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString()).ToArray();

    /// <summary>What our analyzer says, by id and message.</summary>
    public Diagnostic[] Problems()
    {
        var analyzed = Output.WithAnalyzers([new ContractAnalyzer()], new AnalyzerOptions(Files, Options));
        var all = analyzed.GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult();
        Assert.DoesNotContain(all, d => d.Id == "AD0001");
        return [.. all.OrderBy(d => d.Id, StringComparer.Ordinal).ThenBy(d => d.GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal)];
    }

    /// <summary>Checks that this is the only problem, that its message holds each text, and that the generated rest compiles.</summary>
    public void HasOnly(string id, params string[] texts)
    {
        var problem = Assert.Single(Problems());
        Assert.Equal(id, problem.Id);
        var message = problem.GetMessage(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var text in texts) Assert.Contains(text, message, StringComparison.Ordinal);
        NoCompilerErrors();
    }

    private void NoCompilerErrors()
    {
        var errors = CompilerErrors();
        Assert.True(errors.Length == 0, string.Join("\n", errors));
    }

    public void IsFine()
    {
        Assert.Empty(Problems().Select(p => p.ToString()));
        NoCompilerErrors();
    }

    /// <summary>The image, to be referenced by another snippet.</summary>
    public MetadataReference ToReference() => MetadataReference.CreateFromImage(Image());

    /// <summary>Loads the assembly and runs its module initializer.</summary>
    public Assembly Load()
    {
        IsFine();
        var assembly = Assembly.Load(Image());
        System.Runtime.CompilerServices.RuntimeHelpers.RunModuleConstructor(assembly.ManifestModule.ModuleHandle);
        return assembly;
    }

    private byte[] Image()
    {
        using var image = new MemoryStream();
        var result = Output.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return image.ToArray();
    }

    private sealed class LockText(string text) : AdditionalText
    {
        public override string Path => "/project/contracts.lock";

        public override SourceText? GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }

    private sealed class Settings(string engine, bool keepsLock, bool updatesLock) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["build_property.GranaryEngine"] = engine,
            ["build_property.ContractsLock"] = keepsLock ? "true" : string.Empty,
            ["build_property.UpdateContractsLock"] = updatesLock ? "true" : string.Empty,
        });

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;
    }

    private sealed class Values(Dictionary<string, string> values) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
    }
}
