using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Reads what an exposed interface tells the gateway.</summary>
internal static class ServiceReader
{
    /// <summary>The service, or null when the interface is not exposed.</summary>
    public static ServiceModel? ReadService(INamedTypeSymbol type, KeyKind key, TypeReader types)
    {
        if (type.Find(Names.RpcService) is not { } attribute) return null;
        var where = type.Where();
        var full = Names.Readable(type);
        if (key == KeyKind.None) types.Problems.Add(Rules.ServiceNotAGrain, where, full);
        var name = attribute.FirstText() ?? string.Empty;
        if (!IsServiceName(name))
            types.Problems.Add(Rules.ServiceName, where, full, $"the name '{name}' does not fit in addresses. Use lower-case letters, digits and hyphens, beginning with a letter.");
        var version = attribute.NamedArguments.Any(a => a.Key == "Version") ? attribute.Named<int>("Version") : 1;
        if (version < 1) types.Problems.Add(Rules.ServiceName, where, full, $"version {version} is below 1. Versions count from 1.");
        var package = attribute.Named<string>("Package");
        if (package is not null && !IsPackage(package))
            types.Problems.Add(Rules.ServiceName, where, full, $"'{package}' is no protobuf package. Use lower-case identifiers with dots, for example 'acme.shop'.");
        AccessReader.Check(type, full, types.Problems);
        return new ServiceModel
        {
            Name = name,
            Version = version,
            Package = (package ?? Names.Package(type.ContainingNamespace)) + ".v" + version.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ProtoName = Names.PascalCase(name),
            Owner = attribute.Named<string>("Owner"),
            Objective = ReadObjective(type, full, where, types.Problems),
            Summary = Documentation.Summary(type, types.Cancellation),
            Deprecated = type.Obsolete(),
            Sunset = ReadSunset(type, full, where, types.Problems),
        };
    }

    /// <summary>Adds to a method what the gateway needs; null when its request cannot be made.</summary>
    public static MethodModel? ReadMethod(IMethodSymbol method, INamedTypeSymbol type, MethodModel model, TypeReader types)
    {
        var where = method.Where() ?? type.Where();
        var path = Names.Short(method.ContainingType) + "." + method.Name;
        var before = types.Problems.Count;
        CheckExposable(model, path, where, types.Problems);
        var keyed = ReadKeyedRequest(method, path, where, types);
        AccessReader.Check(method, path, types.Problems);
        var attribute = method.Find(Names.RpcMethod);
        var name = attribute?.Named<string>("Name") ?? method.Name;
        if (!IsIdentifier(name)) types.Problems.Add(Rules.ServiceName, where, path, $"the method name '{name}' does not fit in addresses. Use letters and digits, beginning with a letter.");
        var deadline = 0L;
        if (attribute?.Named<string>("Deadline") is { } deadlineText && !Durations.TryParse(deadlineText, out deadline)) types.Problems.Add(Rules.Deadline, where, path, deadlineText);
        var isReadOnly = model.Flags.Contains("ReadOnly");
        string? verb = null, route = null;
        if (attribute?.Named<string>("Http") is { } http)
        {
            var fault = HttpRoutes.Parse(http, out verb, out route) ?? HttpRoutes.Fault(verb!, route!, model, keyed, isReadOnly);
            if (fault is not null) types.Problems.Add(Rules.HttpRoute, where, path, http, fault);
        }

        if (types.Problems.Count != before) return null;
        return model with
        {
            KeyedRequest = keyed,
            Rpc = new RpcMethodModel
            {
                Name = name,
                HttpVerb = verb,
                HttpPath = route,
                DeadlineTicks = deadline,
                RateLimit = attribute?.Named<string>("RateLimit"),
                Priority = ReadPriority(attribute),
                Access = AccessReader.Resolve(method, type),
                IsReadOnly = isReadOnly,
                IsIdempotent = model.Flags.Contains("Idempotent"),
                IsOneWay = model.Flags.Contains("OneWay"),
                Summary = Documentation.Summary(method, types.Cancellation),
                Deprecated = method.Obsolete(),
                Sunset = ReadSunset(method, path, where, types.Problems),
            },
        };
    }

    /// <summary>What concerns several methods of one service.</summary>
    public static void Check(INamedTypeSymbol type, InterfaceModel model, TypeReader types)
    {
        var byName = new Dictionary<string, MethodModel>(StringComparer.Ordinal);
        foreach (var method in model.Methods)
        {
            if (method.Rpc is not { } rpc) continue;
            if (byName.TryGetValue(rpc.Name, out var other))
                types.Problems.Add(Rules.ExposedOverload, type.GetMembers(method.Name).LastOrDefault()?.Where() ?? type.Where(), Text(method), Text(other), rpc.Name);
            else
                byName.Add(rpc.Name, method);
        }

        string Text(MethodModel method) => $"{type.Name}.{method.Name}({string.Join(", ", method.Parameters.Select(p => p.Name))})";
    }

    private static void CheckExposable(MethodModel model, string path, Location? where, Problems problems)
    {
        foreach (var argument in model.Arguments) CheckType(argument.Type, $"{path}({argument.Name})");
        if (model.Result is not null) CheckType(model.Result, path + " result");

        void CheckType(TypeModel type, string place)
        {
            if (type.Shape == Shape.Reference) problems.Add(Rules.NotExposable, where, place, "a grain reference", "Pass the grain's key, or move the method to an interface without [RpcService].");
            if (type.Element is { } element) CheckType(element, place + "[]");
        }

        foreach (var argument in model.Arguments.Where(a => a.JsonName == "key"))
            problems.Add(Rules.NotExposable, where, $"{path}({argument.Name})", "named like the grain's key in the request", "Rename the parameter.");
        foreach (var argument in model.Arguments.Where(a => model.Stream is not null && a.JsonName == "item" && a.Type.Shape != Shape.Stream))
            problems.Add(Rules.NotExposable, where, $"{path}({argument.Name})", "named like the streamed item in the request", "Rename the parameter.");
    }

    /// <summary>The message of a lone argument one of whose members is the grain's key.</summary>
    private static MessageModel? ReadKeyedRequest(IMethodSymbol method, string path, Location? where, TypeReader types)
    {
        var arguments = method.Parameters.Where(p => Names.Definition(p.Type) != "System.Threading.CancellationToken").ToArray();
        foreach (var argument in arguments)
        {
            if (argument.Type is not INamedTypeSymbol type || !TypeGraph.IsMessage(type) || TypeGraph.IsUnion(type)) continue;
            var keys = Members.Of(type).Where(m => m.Symbol.Has(Names.RpcKey)).ToArray();
            if (keys.Length == 0) continue;
            if (keys.Length > 1) types.Problems.Add(Rules.RpcKey, where, Names.Short(type), "it has more than one [RpcKey]. A grain has one key: keep one.");
            if (arguments.Length > 1)
            {
                types.Problems.Add(Rules.RpcKey, where, path, $"{Names.Short(type)} holds the grain's key by [RpcKey], so it must be the only argument. Move the others into it, or take the [RpcKey] away.");
                return null;
            }

            if (argument.NullableAnnotation == NullableAnnotation.Annotated) types.Problems.Add(Rules.RpcKey, where, path, $"{Names.Short(type)} is the request and cannot be null. Write it without '?'.");
            var expected = KeyType(method.ContainingType);
            if (expected is not null && keys[0].Type.ToDisplayString() != expected)
                types.Problems.Add(Rules.RpcKey, where, Names.Short(type) + "." + keys[0].Symbol.Name, $"it is {Names.Short(keys[0].Type)}, and the grain's key is {expected}. Use that type.");
            var model = MessageReader.Read(type, new TypeReader(types.Compilation, new Problems(), types.Cancellation));
            if (model is null) types.Problems.AddReportedElsewhere();
            return model;
        }

        return null;
    }

    private static string? KeyType(INamedTypeSymbol type) => type.AllInterfaces.Select(i => Names.Definition(i)).Select(n => n switch
    {
        "Orleans.IGrainWithStringKey" or "Orleans.IGrainWithIntegerCompoundKey" or "Orleans.IGrainWithGuidCompoundKey" => "string",
        "Orleans.IGrainWithIntegerKey" => "long",
        "Orleans.IGrainWithGuidKey" => "System.Guid",
        _ => null,
    }).FirstOrDefault(n => n is not null);

    private static string? ReadSunset(ISymbol symbol, string path, Location? where, Problems problems)
    {
        if (symbol.Find(Names.Sunset)?.FirstText() is not { } text) return null;
        var valid = DateTime.TryParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out _);
        if (!valid) problems.Add(Rules.Sunset, where, path, text);
        return text;
    }

    private static ObjectiveModel? ReadObjective(INamedTypeSymbol type, string path, Location? where, Problems problems)
    {
        if (type.Find(Names.RpcObjective) is not { } attribute) return null;
        var latency = 0L;
        if (attribute.Named<string>("Latency") is { } text && !Durations.TryParse(text, out latency))
            problems.Add(Rules.Objective, where, path, $"Latency = \"{text}\" is no duration. Write a number above 0 with ms, s or m, for example \"200ms\".");
        var promises = attribute.NamedArguments.Any(a => a.Key == "Availability");
        var availability = attribute.Named<double>("Availability");
        if (promises && availability is not (> 0 and < 1))
            problems.Add(Rules.Objective, where, path, $"Availability = {availability.ToString(System.Globalization.CultureInfo.InvariantCulture)} is no share of calls. Write a number above 0 and below 1, for example 0.999.");
        if (latency == 0 && !promises && attribute.Named<string>("Latency") is null)
            problems.Add(Rules.Objective, where, path, "it promises nothing. Set Latency, Availability or both, or take it away.");
        return new ObjectiveModel(latency, availability);
    }

    /// <summary>The enum's members by number: the generator does not reference the assembly that has it.</summary>
    private static string? ReadPriority(AttributeData? attribute) => attribute?.NamedArguments.Where(a => a.Key == "Priority").Select(a => a.Value.Value).FirstOrDefault() switch
    {
        0 => "High",
        2 => "Batch",
        _ => null,
    };

    private static bool IsServiceName(string name) =>
        name.Length > 0 && name[0] is >= 'a' and <= 'z' && name[name.Length - 1] != '-' && !name.Contains("--") && name.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-');

    private static bool IsIdentifier(string name) => name.Length > 0 && !char.IsDigit(name[0]) && name.All(c => c < 128 && (char.IsLetterOrDigit(c) || c == '_'));

    private static bool IsPackage(string package) => package.Length > 0 && package.Split('.').All(p => p.Length > 0 && !char.IsDigit(p[0]) && p.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '_'));
}
