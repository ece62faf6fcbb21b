using Granary.Generators.Emit;
using Granary.Generators.Model;

namespace Granary.Generators.Lock;

/// <summary>One fact of a contract that others rely on: what it is about, and what holds.</summary>
/// <param name="Key">For example <c>message granary.samples.v1.UserProfile 1</c>.</param>
/// <param name="Value">For example <c>name string</c>.</param>
internal sealed record Fact(string Key, string Value)
{
    public string Line => Key + " " + Value;

    /// <summary>Whether the key ends in a number that must never be used for anything else.</summary>
    public bool IsNumbered => Key.Split(' ').Length == 3 && !Key.StartsWith("route ", StringComparison.Ordinal);

    /// <summary>A line is its key and its value; the kind says how many words the key has. Null when it is neither.</summary>
    public static Fact? Parse(string line)
    {
        var words = line.Split([' '], 4);
        var keyWords = words[0] switch
        {
            "message" or "enum" or "request" or "argument" or "route" => 3,
            "service" or "method" or "call" => 2,
            _ => 0,
        };
        if (keyWords == 0 || words.Length <= keyWords) return null;
        var key = string.Join(" ", words.Take(keyWords));
        return new Fact(key, line.Substring(key.Length + 1));
    }
}

/// <summary>The facts of an assembly's contracts, sorted.</summary>
internal static class LockFacts
{
    public static EquatableArray<Fact> Of(IEnumerable<InterfaceModel> interfaces, IEnumerable<MessageModel> messages)
    {
        var facts = new Dictionary<string, Fact>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            foreach (var field in message.Fields) AddField("message " + message.FullName, field);
            foreach (var c in message.Cases) Add($"message {message.FullName} {Text.Number(c.Number)}", $"{c.Name} {TypeText(c.Type)}");
        }

        foreach (var i in interfaces)
        {
            if (i.Service is { } service) AddService(i, service);
            foreach (var method in i.Methods)
            {
                var name = $"{i.WireName}/{Signature(method)}";
                Add("call " + name, "0x" + method.Id.ToString("x8", System.Globalization.CultureInfo.InvariantCulture));
                if (i.Service is not null) continue; // the request's fields are the arguments
                foreach (var argument in method.Arguments) AddField("argument " + name, argument);
                if (method.Result is { } result) AddEnums(result);
            }
        }

        return facts.Values.OrderBy(f => f.Key, FactOrder.Instance).ToEquatable();

        void Add(string key, string value) => facts[key] = new Fact(key, value);

        void AddField(string owner, FieldModel field)
        {
            Add($"{owner} {Text.Number(field.Number)}", $"{field.JsonName} {TypeText(field.Type, field.TracksPresence)}");
            AddEnums(field.Type);
        }

        void AddEnums(TypeModel type)
        {
            if (type.Enum is { IsLocal: true } model)
            {
                foreach (var value in model.Values) Add($"enum {model.Package}.{model.Name} {Text.Number(value.Number)}", value.Name);
            }

            if (type.Element is not null) AddEnums(type.Element);
        }

        void AddService(InterfaceModel i, ServiceModel service)
        {
            Add("service " + service.FullName, $"{service.Name} v{Text.Number(service.Version)} {KeyText(i.Key)}");
            foreach (var method in i.Methods)
            {
                if (method.Rpc is not { } rpc) continue;
                var name = service.FullName + "/" + rpc.Name;
                var takes = method.KeyedRequest is { } keyed ? $" ({keyed.FullName})" : string.Empty;
                var reply = method.Result is { } result ? $" returns ({TypeText(result)})" : string.Empty;
                var client = method.Stream is { } stream ? $" (stream {TypeText(stream.Type.Element!)})" : string.Empty;
                Add("method " + name, (method.Returns == ReturnKind.Stream ? "stream" : "unary") + takes + client + reply);
                if (method.Result is not null) AddEnums(method.Result);
                if (rpc.HttpVerb is not null) Add($"route {rpc.HttpVerb} {rpc.HttpPath}", name);
                if (method.KeyedRequest is not null) continue;
                foreach (var argument in method.Arguments.Where(a => a.Type.Shape != Shape.Stream)) AddField("request " + name, argument);
                if (method.Stream is not null) AddField("request " + name, ItemEmitter.RequestField(method));
            }
        }
    }

    private static string Signature(MethodModel method)
    {
        var types = method.ParameterTypes.Where((_, i) => method.Parameters[i].Argument >= 0).Select(t => t.Replace("global::", string.Empty).Replace(" ", string.Empty));
        return $"{method.Name}({string.Join(",", types)})";
    }

    private static string KeyText(KeyKind key) => key switch
    {
        KeyKind.Integer => "integer-key",
        KeyKind.Guid => "guid-key",
        KeyKind.IntegerCompound => "integer-compound-key",
        KeyKind.GuidCompound => "guid-compound-key",
        _ => "string-key",
    };

    private static string TypeText(TypeModel type, bool tracksPresence = false) => type.Shape switch
    {
        Shape.List => "repeated " + Single(type.Element!),
        Shape.Map => $"map<{Single(type.Key!)},{Single(type.Element!)}>",
        Shape.Stream => "stream " + Single(type.Element!),
        Shape.Message => Single(type),
        _ => (type.Nullable || tracksPresence ? "optional " : string.Empty) + Single(type),
    };

    private static string Single(TypeModel type) => type.Shape switch
    {
        Shape.Message => type.Message!.Package.Length == 0 ? type.Message.Name : type.Message.Package + "." + type.Message.Name,
        Shape.Enum => type.Enum!.Package + "." + type.Enum.Name,
        Shape.Reference => "reference " + type.Name.Replace("global::", string.Empty),
        Shape.List or Shape.Map => TypeText(type),
        _ => ScalarCode.SchemaKind(type.Scalar).ToLowerInvariant(),
    };

    /// <summary>By words, numbers as numbers: field 10 after field 9.</summary>
    private sealed class FactOrder : IComparer<string>
    {
        public static readonly FactOrder Instance = new();

        public int Compare(string x, string y)
        {
            var (a, b) = (x.Split(' '), y.Split(' '));
            for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
            {
                var order = long.TryParse(a[i], out var m) && long.TryParse(b[i], out var n) ? m.CompareTo(n) : string.CompareOrdinal(a[i], b[i]);
                if (order != 0) return order;
            }

            return a.Length.CompareTo(b.Length);
        }
    }
}
