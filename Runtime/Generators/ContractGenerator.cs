using System.Collections.Immutable;
using Granary.Generators.Emit;
using Granary.Generators.Lock;
using Granary.Generators.Model;
using Granary.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Granary.Generators;

/// <summary>
/// Turns contracts into code: codecs for serialized types, descriptors for exposed interfaces and, for the embedded engine, proxies and calls.
/// Symbols are read into equatable models first, so that an edit elsewhere writes nothing anew. Mistakes are reported by <see cref="ContractAnalyzer"/>; what they concern is left out here.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ContractGenerator : IIncrementalGenerator
{
    internal const string MessagesStep = "Messages";
    internal const string InterfacesStep = "Interfaces";
    internal const string GrainsStep = "Grains";
    internal const string PartStep = "Part";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var settings = context.CompilationProvider.Combine(context.AnalyzerConfigOptionsProvider).Select(static (pair, _) => Settings.Of(pair.Left, pair.Right.GlobalOptions));
        var foreign = context.CompilationProvider.Select(static (compilation, cancellation) => ForeignParts.Of(compilation, cancellation));

        var serialized = context.SyntaxProvider.ForAttributeWithMetadataName(Names.GenerateSerializer, static (node, _) => node is TypeDeclarationSyntax, static (c, cancellation) => ReadMessage(c, cancellation));
        var unions = context.SyntaxProvider.ForAttributeWithMetadataName(
            Names.Union,
            static (node, _) => node is TypeDeclarationSyntax,
            static (c, cancellation) => c.TargetSymbol.Has(Names.GenerateSerializer) ? null : ReadMessage(c, cancellation));
        var roots = serialized.Collect().Combine(unions.Collect())
            .SelectMany(static (pair, _) => pair.Left.Concat(pair.Right).Where(r => r is not null).Select(r => r!))
            .WithTrackingName(MessagesStep);
        var declared = context.SyntaxProvider.CreateSyntaxProvider(static (node, _) => node is InterfaceDeclarationSyntax { BaseList: not null }, static (c, cancellation) => ReadInterface(c, cancellation))
            .Where(static i => i is not null)
            .Select(static (i, _) => i!);
        var requested = context.CompilationProvider.Select(static (compilation, cancellation) => ReadRequested(compilation, cancellation));
        var interfaces = declared.Collect().Combine(requested)
            .SelectMany(static (pair, _) => pair.Left.Concat(pair.Right))
            .WithTrackingName(InterfacesStep);
        var grains = context.SyntaxProvider.CreateSyntaxProvider(static (node, _) => node is ClassDeclarationSyntax { BaseList: not null }, static (c, cancellation) => ReadGrain(c, cancellation))
            .Where(static g => g is not null)
            .Select(static (g, _) => g!)
            .WithTrackingName(GrainsStep);

        var messages = roots.SelectMany(static (root, _) => root.Message is null ? root.Closed : root.Closed.Append(root.Message)).Collect()
            .Combine(interfaces.SelectMany(static (i, _) => i.Closed).Collect())
            .Select(static (pair, _) => Distinct(pair.Left, pair.Right));
        var broken = roots.SelectMany(static (root, _) => root.Broken).Collect()
            .Combine(interfaces.SelectMany(static (i, _) => i.Broken).Collect())
            .Select(static (pair, _) => pair.Left.Concat(pair.Right).Distinct().OrderBy(n => n, StringComparer.Ordinal).ToEquatable());
        var taken = interfaces.Collect().Combine(messages).Select(static (pair, _) => MessageNames.Taken(pair.Left, pair.Right));
        var items = interfaces.SelectMany(static (i, _) => StreamItems(i)).Collect().Select(static (all, _) => all.Distinct().OrderBy(i => i.Declared, StringComparer.Ordinal).ToEquatable());

        var removed = context.AdditionalTextsProvider
            .Where(static file => LockFile.Find([file]) is not null)
            .Select(static (file, cancellation) => LockFile.Parse(file.GetText(cancellation)).Removed())
            .Collect()
            .Select(static (all, _) => all.FirstOrDefault());
        var emits = broken.Combine(removed);

        context.RegisterSourceOutput(messages.SelectMany(static (all, _) => all).Combine(emits).Combine(settings), static (output, input) =>
        {
            var ((message, (broken, removed)), settings) = input;
            if (settings.HasRpc) output.AddSource(message.CodecName + ".g.cs", MessageEmitter.Emit(message, settings.Namespace, new EmitContext(broken, removed)));
        });
        context.RegisterSourceOutput(items.SelectMany(static (all, _) => all).Combine(emits).Combine(settings), static (output, input) =>
        {
            var ((item, (broken, removed)), settings) = input;
            if (settings.HasRpc) output.AddSource(ItemEmitter.ClassName(item) + ".g.cs", ItemEmitter.Emit(item, settings.Namespace, new EmitContext(broken, removed)));
        });
        context.RegisterSourceOutput(interfaces.Combine(emits).Combine(taken).Combine(settings), static (output, input) =>
        {
            var (((model, (broken, removed)), taken), settings) = input;
            if (!settings.HasRpc) return;
            var emit = new EmitContext(broken, removed);
            if (settings.EmitsCalls) output.AddSource(CallEmitter.ClassName(model) + ".g.cs", CallEmitter.Emit(model, settings.Namespace, emit));
            if (model.Service is not null) output.AddSource(ServiceEmitter.ClassName(model) + ".g.cs", ServiceEmitter.Emit(model, settings.Namespace, emit, taken, binds: !settings.EmitsCalls));
        });

        var part = messages.Combine(items).Combine(interfaces.Collect()).Combine(grains.Collect()).Combine(foreign).Combine(settings)
            .Select(static (input, _) =>
            {
                var (((((messages, items), interfaces), grains), foreign), settings) = input;
                return (Part: Part(messages, items, interfaces, grains, foreign, settings), settings.Namespace, settings.HasRpc);
            })
            .WithTrackingName(PartStep);
        context.RegisterSourceOutput(part, static (output, input) =>
        {
            if (input.HasRpc && PartEmitter.Emit(input.Part, input.Namespace) is { } source) output.AddSource("Parts.g.cs", source);
        });
        RegisterLock(context, messages, interfaces);
    }

    /// <summary>With UpdateContractsLock, the new text of contracts.lock, inside a source file that compiles to nothing: generators write no other files. A build target copies it out.</summary>
    private static void RegisterLock(IncrementalGeneratorInitializationContext context, IncrementalValueProvider<EquatableArray<MessageModel>> messages, IncrementalValuesProvider<InterfaceModel> interfaces)
    {
        var update = context.AnalyzerConfigOptionsProvider.Select(static (options, _) => LockSettings.IsUpdate(options.GlobalOptions));
        var old = context.AdditionalTextsProvider
            .Where(static file => LockFile.Find([file]) is not null)
            .Select(static (file, cancellation) => file.GetText(cancellation)?.ToString() ?? string.Empty)
            .Collect()
            .Select(static (texts, _) => texts.FirstOrDefault() ?? string.Empty);
        var wanted = messages.Combine(interfaces.Collect()).Combine(old).Combine(update).Select(static (input, _) =>
        {
            var (((messages, interfaces), old), update) = input;
            return update ? LockFile.Write(LockFacts.Of(interfaces, messages), LockFile.Parse(SourceText.From(old))) : null;
        });
        context.RegisterSourceOutput(wanted, static (output, text) =>
        {
            if (text is not null) output.AddSource("ContractsLock.g.cs", $"#if GRANARY_CONTRACTS_LOCK\n{text}#endif\n");
        });
    }

    private static MessageRoot? ReadMessage(GeneratorAttributeSyntaxContext context, CancellationToken cancellation) =>
        context.TargetSymbol is INamedTypeSymbol type && TypeGraph.IsMessage(type) ? MessageReader.ReadRoot(type, new TypeReader(context.SemanticModel.Compilation, new Problems(), cancellation)) : null;

    private static InterfaceModel? ReadInterface(GeneratorSyntaxContext context, CancellationToken cancellation)
    {
        if (context.SemanticModel.GetDeclaredSymbol(context.Node, cancellation) is not INamedTypeSymbol type || !InterfaceReader.IsContract(type)) return null;

        // A partial interface is read once, at the first of its declarations that names a base.
        var first = type.DeclaringSyntaxReferences.Select(r => r.GetSyntax(cancellation)).FirstOrDefault(n => n is InterfaceDeclarationSyntax { BaseList: not null });
        return first == context.Node ? InterfaceReader.Read(type, new TypeReader(context.SemanticModel.Compilation, new Problems(), cancellation)) : null;
    }

    /// <summary>The interfaces of other assemblies that an assembly attribute asks calls for.</summary>
    private static EquatableArray<InterfaceModel> ReadRequested(Compilation compilation, CancellationToken cancellation) =>
        compilation.Assembly.GetAttributes()
            .Where(a => a.AttributeClass is { } type && Names.Definition(type) == Names.GenerateCalls)
            .Select(a => a.ConstructorArguments is [{ Value: INamedTypeSymbol { TypeKind: TypeKind.Interface } type }] ? InterfaceReader.Read(type, new TypeReader(compilation, new Problems(), cancellation)) : null)
            .Where(i => i is not null)
            .Select(i => i!)
            .ToEquatable();

    private static string? ReadGrain(GeneratorSyntaxContext context, CancellationToken cancellation) =>
        context.SemanticModel.GetDeclaredSymbol(context.Node, cancellation) is INamedTypeSymbol { IsAbstract: false } type && !type.IsOpen() && type.IsGrainClass() && type.IsVisible()
            ? type.ToDisplayString(Names.Plain)
            : null;

    private static EquatableArray<MessageModel> Distinct(ImmutableArray<MessageModel> left, ImmutableArray<MessageModel> right)
    {
        var byName = new SortedDictionary<string, MessageModel>(StringComparer.Ordinal);
        foreach (var message in left.Concat(right)) byName[message.CodecName] = message;
        return byName.Values.ToEquatable();
    }

    private static IEnumerable<TypeModel> StreamItems(InterfaceModel model) =>
        model.Methods.Select(m => m.Stream?.Type.Element).Where(e => e is not null && ItemEmitter.NeedsCodec(e)).Select(e => e!);

    private static PartModel Part(
        EquatableArray<MessageModel> messages, EquatableArray<TypeModel> items, ImmutableArray<InterfaceModel> interfaces, ImmutableArray<string> grains, ForeignParts foreign, Settings settings)
    {
        var ordered = interfaces.OrderBy(i => i.Stem, StringComparer.Ordinal).ToArray();
        return new PartModel
        {
            Messages = messages.Select(m => (m.TypeName, m.CodecName + ".Shared")).ToEquatable(),
            Items = items.Select(i => (i.Declared, ItemEmitter.ClassName(i) + ".Shared")).ToEquatable(),
            Services = ordered.Where(i => i.Service is not null).Select(i => ServiceEmitter.ClassName(i) + ".Instance").ToEquatable(),
            Interfaces = ordered.Select(i => CallEmitter.ClassName(i) + ".Interface").ToEquatable(),
            GrainClasses = grains.Distinct().OrderBy(g => g, StringComparer.Ordinal).ToEquatable(),
            ForeignRpcParts = foreign.Rpc,
            ForeignCallParts = foreign.Calls,
            EmitsCalls = settings.EmitsCalls,
        };
    }
}
