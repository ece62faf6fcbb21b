using System.Globalization;
using System.Text;
using Granary.Codec;
using Granary.Schema;

namespace Granary.Gateway.Contracts;

/// <summary>Prints a file as <c>.proto</c> text, proto3 (https://protobuf.dev/reference/protobuf/proto3-spec/). The same model gives the same text.</summary>
internal sealed class ProtoText
{
    private readonly StringBuilder _text = new();
    private readonly ProtoFile _file;

    private ProtoText(ProtoFile file) => _file = file;

    public static string Print(ProtoFile file) => new ProtoText(file).Print();

    private string Print()
    {
        Line(0, $"// The contracts of {_file.Package}, as the services that serve them declare them.");
        Line(0, "syntax = \"proto3\";");
        Line();
        Line(0, $"package {_file.Package};");
        if (_file.Imports.Count > 0) Line();
        foreach (var import in _file.Imports) Line(0, $"import \"{import}\";");
        foreach (var service in _file.Services) Print(service);
        foreach (var message in _file.Messages) Print(message);
        foreach (var item in _file.Enums) Print(item);
        return _text.ToString();
    }

    private void Print(ProtoService service)
    {
        Line();
        Comment(0, service.Comment);
        Line(0, $"service {service.Name} {{");
        if (service.Comment.IsDeprecated) Line(1, "option deprecated = true;");
        var first = !service.Comment.IsDeprecated;
        foreach (var method in service.Methods)
        {
            if (!first) Line();
            first = false;
            Comment(1, method.Comment);
            var head = $"rpc {method.Name}({(method.ClientStreams ? "stream " : "")}{Short(method.Input)}) returns ({(method.ServerStreams ? "stream " : "")}{Short(method.Output)})";
            if (!method.Comment.IsDeprecated && method.Idempotency == ProtoIdempotency.Unknown)
            {
                Line(1, head + ";");
                continue;
            }

            Line(1, head + " {");
            if (method.Comment.IsDeprecated) Line(2, "option deprecated = true;");
            if (method.Idempotency != ProtoIdempotency.Unknown) Line(2, $"option idempotency_level = {(method.Idempotency == ProtoIdempotency.Idempotent ? "IDEMPOTENT" : "NO_SIDE_EFFECTS")};");
            Line(1, "}");
        }

        Line(0, "}");
    }

    private void Print(ProtoMessage message)
    {
        Line();
        Comment(0, message.Comment);
        if (message.Fields.Count == 0 && message.Reserved.Count == 0)
        {
            Line(0, $"message {message.Name} {{}}");
            return;
        }

        Line(0, $"message {message.Name} {{");
        Reserved(message.Reserved, message.Fields.Select(f => f.Name));
        var depth = message.OneOf is null ? 1 : 2;
        if (message.OneOf is not null) Line(1, $"oneof {message.OneOf} {{");
        foreach (var field in message.Fields) Print(field, depth);
        if (message.OneOf is not null) Line(1, "}");
        Line(0, "}");
    }

    private void Print(ProtoField field, int depth)
    {
        Comment(depth, field.Comment);
        var type = field.Label switch
        {
            SchemaLabel.Repeated => "repeated " + Name(field.Type),
            SchemaLabel.Map => $"map<{Name(field.MapKey!)}, {Name(field.Type)}>",
            SchemaLabel.Optional => "optional " + Name(field.Type),
            _ => Name(field.Type),
        };
        var options = new List<string>();
        if (field.Comment.IsDeprecated) options.Add("deprecated = true");
        if (ProtoNames.JsonName(field.Name) != field.JsonName) options.Add($"json_name = \"{field.JsonName}\"");
        Line(depth, $"{type} {field.Name} = {Number(field.Number)}{(options.Count == 0 ? "" : $" [{string.Join(", ", options)}]")};");
    }

    private void Print(ProtoEnum item)
    {
        Line();
        Line(0, $"enum {item.Name} {{");
        if (item.HasAliases) Line(1, "option allow_alias = true;");
        Reserved(item.Reserved, item.Values.Select(v => v.Name));
        foreach (var value in item.Values) Line(1, $"{value.Name} = {Number(value.Number)};");
        Line(0, "}");
    }

    private void Reserved(IReadOnlyList<ReservedSchema> reserved, IEnumerable<string> used)
    {
        if (reserved.Count == 0) return;
        Line(1, $"reserved {string.Join(", ", reserved.Select(r => Number(r.Number)))};");
        var names = reserved.Select(r => r.Name).Except(used).ToArray();
        if (names.Length > 0) Line(1, $"reserved {string.Join(", ", names.Select(n => $"\"{n}\""))};");
    }

    private void Comment(int depth, ProtoComment comment)
    {
        foreach (var line in comment.Lines) Line(depth, line.Length == 0 ? "//" : "// " + line);
    }

    private string Name(ProtoType type) => type.IsNamed ? Short(type.Name) : type.Name;

    /// <summary>The name as it is written here: without the package where it is this one. A leading dot keeps a foreign one from being looked for within this package.</summary>
    private string Short(string name)
    {
        if (name.StartsWith(_file.Package + ".", StringComparison.Ordinal) && !name.AsSpan(_file.Package.Length + 1).Contains('.')) return name[(_file.Package.Length + 1)..];
        var first = name[..name.IndexOf('.', StringComparison.Ordinal)];
        return _file.Package.Split('.').Skip(1).Contains(first, StringComparer.Ordinal) ? "." + name : name;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Line() => _text.Append('\n');

    private void Line(int depth, string line) => _text.Append(' ', depth * 2).Append(line).Append('\n');
}
