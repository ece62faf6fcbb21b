using System.Collections.Concurrent;
using System.Collections.Immutable;
using Granary.Generators.Emit;
using Granary.Generators.Lock;
using Granary.Generators.Model;
using Granary.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Granary.Generators;

/// <summary>
/// Reports every mistake in a contract, with what to write instead. It reads contracts with the generator's own readers: what the generator leaves out is exactly what is reported here.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ContractAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [.. Rules.All];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (start.Compilation.GetTypeByMetadataName(Names.RpcService) is null) return;
            var found = new Contracts();
            start.RegisterSymbolAction(c => Analyze(c, found), SymbolKind.NamedType);
            start.RegisterCompilationEndAction(c => AnalyzeWhole(c, found));
        });
    }

    private static void Analyze(SymbolAnalysisContext context, Contracts found)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        var problems = new Problems();
        var types = new TypeReader(context.Compilation, problems, context.CancellationToken);
        if (TypeGraph.IsMessage(type))
        {
            var root = MessageReader.ReadRoot(type, types);
            foreach (var message in root.Closed) found.Messages.TryAdd(message.CodecName, (message, type.Where()));
            if (root.Message is { } own) found.Messages[own.CodecName] = (own, type.Where());
        }
        else if (type.TypeKind == TypeKind.Interface)
        {
            if (InterfaceReader.Read(type, types) is { } model)
            {
                found.Interfaces.TryAdd(model.Stem, (model, type.Where()));
                foreach (var message in model.Closed) found.Messages.TryAdd(message.CodecName, (message, type.Where()));
            }
        }
        else if (type is { TypeKind: TypeKind.Class, IsAbstract: false } && type.IsGrainClass())
        {
            GrainReader.Check(type, problems);
        }

        foreach (var diagnostic in problems.All) context.ReportDiagnostic(diagnostic);
    }

    private static void AnalyzeWhole(CompilationAnalysisContext context, Contracts found)
    {
        var interfaces = found.Interfaces.Values.OrderBy(i => i.Item1.FullName, StringComparer.Ordinal).ToArray();
        var messages = found.Messages.Values.OrderBy(m => m.Item1.DisplayName, StringComparer.Ordinal).ToArray();
        foreach (var diagnostic in CompilationRules.Check(interfaces, messages)) context.ReportDiagnostic(diagnostic);
        var facts = LockFacts.Of(interfaces.Select(i => i.Item1), messages.Select(m => m.Item1));
        foreach (var diagnostic in LockCheck.Check(facts, context.Options, context.CancellationToken)) context.ReportDiagnostic(diagnostic);
    }

    private sealed class Contracts
    {
        public ConcurrentDictionary<string, (MessageModel, Location?)> Messages { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, (InterfaceModel, Location?)> Interfaces { get; } = new(StringComparer.Ordinal);
    }
}
