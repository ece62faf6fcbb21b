using Granary.Codec;
using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Gateway.Contracts;

/// <summary>Makes the files of a catalog: one a package, with the types that its services and messages mention.</summary>
internal sealed class ProtoFileBuilder
{
    private const string WellKnown = "google.protobuf";

    private readonly SortedDictionary<string, Package> _packages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MessageSchema> _messages = new(StringComparer.Ordinal);
    private readonly HashSet<string> _enums = new(StringComparer.Ordinal);
    private readonly Queue<MessageSchema> _toAdd = new();

    /// <summary>The files, by name.</summary>
    /// <exception cref="InvalidOperationException">The contracts cannot be written in protobuf; the message says what to change.</exception>
    public static IReadOnlyList<ProtoFile> Build(RpcCatalog catalog)
    {
        var builder = new ProtoFileBuilder();
        foreach (var service in catalog.Services) builder.Add(service);
        return builder.Finish();
    }

    /// <summary>The name of a package's file.</summary>
    public static string FileName(string package) => package.Replace('.', '/') + ".proto";

    private void Add(RpcService service)
    {
        var package = PackageOf(service.Package);
        package.Services.Add(new ProtoService(
            service.ProtoName,
            ProtoComment.Of(service.Summary, service.Deprecated, service.Sunset),
            [.. service.Methods.Select(m => Method(m, package))]));
    }

    private ProtoMethod Method(RpcMethod method, Package package)
    {
        // Whoever calls one method should not have to look at its service to learn that it ends.
        var comment = ProtoComment.Of(method.Summary, method.Deprecated, method.Sunset ?? (method.Deprecated is null ? null : method.Service.Sunset));
        return new ProtoMethod(
            method.Name,
            comment,
            Reference(method.Request, package),
            Reference(method.Reply, package),
            method.Kind is RpcMethodKind.ClientStream or RpcMethodKind.Bidirectional,
            method.Kind is RpcMethodKind.ServerStream or RpcMethodKind.Bidirectional,
            method.IsReadOnly ? ProtoIdempotency.NoSideEffects : method.IsIdempotent ? ProtoIdempotency.Idempotent : ProtoIdempotency.Unknown);
    }

    private string Reference(MessageSchema message, Package from)
    {
        Import(message.Package, message.Name, from);
        if (message.Package == WellKnown) return message.FullName;
        if (!_messages.TryGetValue(message.FullName, out var known))
        {
            _messages.Add(message.FullName, message);
            _toAdd.Enqueue(message);
            AddMessages();
        }
        else if (!IsSame(known, message))
        {
            throw new InvalidOperationException($"Two messages are called {message.FullName} in protobuf. Give one of the types an [Alias(\"...\")], or one of the methods another [RpcMethod(Name = \"...\")].");
        }

        return message.FullName;
    }

    // Not by recursion: a message is listed before those that it mentions, and chains of them may be long.
    private void AddMessages()
    {
        if (_toAdd.Count > 1) return;
        while (_toAdd.TryPeek(out var message))
        {
            var package = PackageOf(message.Package);
            var names = new HashSet<string>(StringComparer.Ordinal);
            var at = package.Messages.Count;
            package.Messages.Add(null!);
            var fields = message.Fields.Select(f => Field(f, names, package)).ToArray();
            var oneOf = message.IsUnion ? names.Contains("kind") ? "union_kind" : "kind" : null;
            package.Messages[at] = new ProtoMessage(
                message.Name, ProtoComment.Of(message.Summary), fields, oneOf, [.. message.Reserved.Where(r => fields.All(f => f.Number != r.Number)).Select(r => r with { Name = ProtoNames.SnakeCase(r.Name) })]);
            _toAdd.Dequeue();
        }
    }

    private ProtoField Field(FieldSchema field, HashSet<string> names, Package package)
    {
        var name = ProtoNames.SnakeCase(field.Name);
        if (!names.Add(name)) names.Add(name = $"{name}_{field.Number}");
        var type = TypeOf(field.Type, package);

        // A message has presence by itself.
        var label = field.Type.Label is SchemaLabel.Optional && type.Number == ProtoType.Message ? SchemaLabel.Single : field.Type.Label;

        // Without presence, what is absent is what protobuf takes it for.
        string[] more = field.Default is { } value && field.Type.Label == SchemaLabel.Optional ? [$"Absent, it is {value}."] : [];
        return new ProtoField(
            name, field.Name, field.Number, type, label, label == SchemaLabel.Map ? Scalar(field.Type.MapKey) : null, ProtoComment.Of(field.Summary, field.Deprecated, null, more));
    }

    private ProtoType TypeOf(SchemaType type, Package package)
    {
        switch (type.Kind)
        {
            case SchemaKind.Message:
                return new ProtoType(Reference(type.Message!(), package), ProtoType.Message);
            case SchemaKind.Enum:
                AddEnum(type.Enum!);
                Import(type.Enum!.Package, type.Enum.Name, package);
                return new ProtoType(type.Enum.FullName, ProtoType.Enum);
            case SchemaKind.Timestamp or SchemaKind.Duration:
                Import(WellKnown, type.Kind.ToString(), package);
                return new ProtoType($"{WellKnown}.{type.Kind}", ProtoType.Message);
            default:
                return Scalar(type.Kind);
        }
    }

    private static ProtoType Scalar(SchemaKind kind) => kind switch
    {
        SchemaKind.Double => new("double", 1),
        SchemaKind.Float => new("float", 2),
        SchemaKind.Int64 => new("int64", 3),
        SchemaKind.UInt64 => new("uint64", 4),
        SchemaKind.Int32 => new("int32", 5),
        SchemaKind.Bool => new("bool", 8),
        SchemaKind.Bytes => new("bytes", 12),
        SchemaKind.UInt32 => new("uint32", 13),
        _ => new("string", 9),
    };

    private void AddEnum(EnumSchema schema)
    {
        if (!_enums.Add(schema.FullName)) return;
        var package = PackageOf(schema.Package);

        // proto3 wants 0 first.
        var values = schema.Values.Select(v => v with { Name = ProtoNames.EnumValue(schema.Name, v.Name) }).OrderBy(v => v.Number != 0).ToList();
        if (values.Count == 0 || values[0].Number != 0) values.Insert(0, new EnumValueSchema(ProtoNames.EnumValue(schema.Name, "Unspecified"), 0));
        foreach (var value in values)
        {
            if (!package.EnumValues.Add(value.Name))
                throw new InvalidOperationException($"Two values of enums are called {schema.Package}.{value.Name} in protobuf; one of them is {schema.FullName}'s. Rename it, or give the enum an [Alias(\"...\")].");
        }

        var reserved = schema.Reserved.Where(r => values.All(v => v.Number != r.Number)).Select(r => r with { Name = ProtoNames.EnumValue(schema.Name, r.Name) });
        package.Enums.Add(new ProtoEnum(schema.Name, values, [.. reserved]));
    }

    private static void Import(string package, string name, Package from)
    {
        if (package == WellKnown) from.Imports.Add($"google/protobuf/{name.ToLowerInvariant()}.proto");
        else if (package != from.Name) from.Imports.Add(FileName(package));
    }

    private static bool IsSame(MessageSchema a, MessageSchema b) =>
        ReferenceEquals(a, b) || a.Fields.Select(f => (f.Number, f.Name, f.Type.Kind, f.Type.Label)).SequenceEqual(b.Fields.Select(f => (f.Number, f.Name, f.Type.Kind, f.Type.Label)));

    private Package PackageOf(string name)
    {
        if (!_packages.TryGetValue(name, out var package)) _packages.Add(name, package = new Package(name));
        return package;
    }

    private ProtoFile[] Finish()
    {
        RefuseCycles();
        return [.. _packages.Values.Select(p => new ProtoFile(FileName(p.Name), p.Name, [.. p.Imports], p.Services, p.Messages, p.Enums))];
    }

    /// <summary>Files cannot import each other, and a package is one file.</summary>
    private void RefuseCycles()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        var open = new List<string>();
        foreach (var package in _packages.Values) Visit(package);

        void Visit(Package package)
        {
            var at = open.IndexOf(package.Name);
            if (at >= 0)
            {
                throw new InvalidOperationException(
                    $"The types of these packages use each other, which protobuf does not allow: {string.Join(" -> ", open.Skip(at))} -> {package.Name}. Move types to one namespace, or give them an [Alias(\"package.Name\")] that puts them into one package.");
            }

            if (!done.Add(package.Name)) return;
            open.Add(package.Name);
            foreach (var import in _packages.Values.Where(p => package.Imports.Contains(FileName(p.Name)))) Visit(import);
            open.RemoveAt(open.Count - 1);
        }
    }

    private sealed class Package(string name)
    {
        public string Name { get; } = name;

        public SortedSet<string> Imports { get; } = new(StringComparer.Ordinal);

        public List<ProtoService> Services { get; } = [];

        public List<ProtoMessage> Messages { get; } = [];

        public List<ProtoEnum> Enums { get; } = [];

        public HashSet<string> EnumValues { get; } = new(StringComparer.Ordinal);
    }
}
