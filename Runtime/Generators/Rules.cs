using Microsoft.CodeAnalysis;

namespace Granary.Generators;

/// <summary>Every mistake that fails a build, and what to write instead. docs/diagnostics.md lists them; a test keeps it in step.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor MissingId = Rule("GRN001", "A serialized member needs an id",
        "'{0}' has no [Id], so it would be lost on the wire. Write [Id({1})] on it, or [field: NonSerialized] ([NonSerialized] on a field) if that is meant.");

    public static readonly DiagnosticDescriptor DuplicateId = Rule("GRN002", "Two members have the same id",
        "'{0}' and '{1}' both have id {2}. Write [Id({3})] on '{0}'; ids are unique in a type and its bases, and a record's positional parameters count from 0 (change theirs with [property: Id(n)]).");

    public static readonly DiagnosticDescriptor NotWritable = Rule("GRN003", "A serialized member cannot be written",
        "'{0}' cannot be written by the codec: {1}. Write '{{ get; set; }}', '{{ get; init; }}', or take it as a constructor parameter named '{2}'.");

    public static readonly DiagnosticDescriptor UnsupportedType = Rule("GRN004", "A type has no form on the wire",
        "'{0}': {1}");

    public static readonly DiagnosticDescriptor NotReadable = Rule("GRN005", "A serialized member is not visible",
        "'{0}' has an [Id] but is {1}. Make it public or internal, or remove the [Id].");

    public static readonly DiagnosticDescriptor NoConstructor = Rule("GRN006", "A serialized type cannot be constructed",
        "'{0}' has no constructor that the codec can call. Give it a public or internal one without parameters, or one whose parameters are named and typed like its members.");

    public static readonly DiagnosticDescriptor BadUnion = Rule("GRN007", "A union is wrong",
        "[Union] on '{0}': {1}");

    public static readonly DiagnosticDescriptor BaseNotSerialized = Rule("GRN008", "A base type is not serialized",
        "'{0}' derives from '{1}', whose members would be lost. Mark '{1}' [GenerateSerializer] and give its members ids that '{0}' does not use.");

    public static readonly DiagnosticDescriptor TypeNotVisible = Rule("GRN009", "A contract type is not visible",
        "'{0}' is private or file-local, so generated code cannot name it. Make it and the types around it public or internal.");

    public static readonly DiagnosticDescriptor ReturnType = Rule("GRN010", "A grain method must be asynchronous",
        "'{0}' returns '{1}'. A grain method returns Task, Task<T>, ValueTask, ValueTask<T> or IAsyncEnumerable<T>; void is for methods marked [OneWay] and for observers, and a [OneWay] method has no result.");

    public static readonly DiagnosticDescriptor ByReference = Rule("GRN011", "A grain method cannot take a parameter by reference",
        "Parameter '{1}' of '{0}' is ref, out or in. Arguments travel as copies: pass it by value, and return what the method changes.");

    public static readonly DiagnosticDescriptor Generic = Rule("GRN012", "A grain interface or method is generic",
        "'{0}' is generic, and a call cannot carry type arguments. {1}");

    public static readonly DiagnosticDescriptor TwoTokens = Rule("GRN013", "A grain method takes one CancellationToken",
        "'{0}' has more than one CancellationToken parameter. Keep one: a call has one cancellation.");

    public static readonly DiagnosticDescriptor MethodIdCollision = Rule("GRN014", "Two grain methods have the same id",
        "'{0}' and '{1}' have the same method id {2}. Write [Id(n)] or another [Alias] on one of them.");

    public static readonly DiagnosticDescriptor NotAMethod = Rule("GRN015", "A grain interface holds methods only",
        "'{0}' is a property or an event, which a call cannot reach. Write a method that returns a Task.");

    public static readonly DiagnosticDescriptor ServiceNotAGrain = Rule("GRN016", "[RpcService] belongs on a grain interface",
        "'{0}' is marked [RpcService] but has no grain key. Derive it from IGrainWithStringKey, IGrainWithIntegerKey, IGrainWithGuidKey or a compound one.");

    public static readonly DiagnosticDescriptor ServiceName = Rule("GRN017", "A service's name or version is wrong",
        "[RpcService] on '{0}': {1}");

    public static readonly DiagnosticDescriptor ExposedOverload = Rule("GRN018", "Two methods of a service have the same name",
        "'{0}' and '{1}' are both '{2}' to callers outside. Write [RpcMethod(Name = \"...\")] with another name on one of them.");

    public static readonly DiagnosticDescriptor Deadline = Rule("GRN019", "A deadline is not understood",
        "[RpcMethod(Deadline = \"{1}\")] on '{0}' is no duration. Write a number above 0 with ms, s or m, for example \"500ms\", \"2s\" or \"1m\".");

    public static readonly DiagnosticDescriptor HttpRoute = Rule("GRN020", "An HTTP route is wrong",
        "[RpcMethod(Http = \"{1}\")] on '{0}': {2}");

    public static readonly DiagnosticDescriptor DuplicateRoute = Rule("GRN021", "Two methods have the same HTTP route",
        "'{0}' and '{1}' both answer '{2}'. Give one of them another path in [RpcMethod(Http = ...)].");

    public static readonly DiagnosticDescriptor AspNetAuthorize = Rule("GRN022", "[Authorize] has no effect on a grain interface",
        "'{0}' is marked with ASP.NET Core's [{1}], which the gateway does not read. Write [{2}] instead.");

    public static readonly DiagnosticDescriptor NameCollision = Rule("GRN023", "Two messages have the same name",
        "'{0}' and '{1}' are both '{2}' in protobuf. Rename one, or write [Alias(\"...\")] with another name on it.");

    public static readonly DiagnosticDescriptor RpcKey = Rule("GRN024", "[RpcKey] is wrong",
        "'{0}': {1}");

    public static readonly DiagnosticDescriptor Sunset = Rule("GRN025", "A sunset date is not understood",
        "[Sunset(\"{1}\")] on '{0}' is no date. Write it as yyyy-MM-dd, for example \"2027-06-01\".");

    public static readonly DiagnosticDescriptor NotExposable = Rule("GRN026", "A type cannot leave the cluster",
        "'{0}' is {1}, which callers outside the cluster cannot hold. {2}");

    public static readonly DiagnosticDescriptor ContradictoryAccess = Rule("GRN027", "Who may call is contradictory",
        "'{0}' is marked both [RpcAuthorize] and [RpcAllowAnonymous]. Keep the one that is meant.");

    public static readonly DiagnosticDescriptor DuplicateService = Rule("GRN028", "Two interfaces are the same service",
        "'{0}' and '{1}' are both version {3} of the service '{2}'. Give one of them another name or Version in [RpcService].");

    public static readonly DiagnosticDescriptor StreamArgument = Rule("GRN029", "A streamed argument is wrong",
        "'{0}': {1}");

    public static readonly DiagnosticDescriptor Objective = Rule("GRN030", "An objective is not understood",
        "[RpcObjective] on '{0}': {1}");

    public static readonly DiagnosticDescriptor LockMissing = Rule("GRN040", "contracts.lock does not know the contract",
        "{0}. Build with -p:UpdateContractsLock=true to write them, or add to contracts.lock:{1}");

    public static readonly DiagnosticDescriptor Breaking = Rule("GRN041", "A change breaks the contract",
        "{0} breaks callers and stored data of earlier builds. Undo it; or, if it is meant, add to contracts.lock:{1}");

    public static readonly DiagnosticDescriptor Reused = Rule("GRN042", "A removed number is used again",
        "'{0}' uses a number that contracts.lock says was removed ('{1}'): old data would be read as the new member. Use the next free number, {2}.");

    public static readonly DiagnosticDescriptor LockSyntax = Rule("GRN043", "A line of contracts.lock is not understood",
        "contracts.lock line {0}, '{1}': {2}");

    public static IReadOnlyList<DiagnosticDescriptor> All { get; } = typeof(Rules)
        .GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
        .Where(f => f.FieldType == typeof(DiagnosticDescriptor))
        .Select(f => (DiagnosticDescriptor)f.GetValue(null))
        .OrderBy(d => d.Id, StringComparer.Ordinal)
        .ToArray();

    private static DiagnosticDescriptor Rule(string id, string title, string message) => new(
        id, title, message, "Granary.Contracts", DiagnosticSeverity.Error, isEnabledByDefault: true,
        helpLinkUri: "docs/diagnostics.md#" + id.ToLowerInvariant(),
        customTags: id is "GRN014" or "GRN021" or "GRN023" or "GRN028" or "GRN040" or "GRN041" or "GRN042" or "GRN043" ? [WellKnownDiagnosticTags.CompilationEnd] : []);
}
