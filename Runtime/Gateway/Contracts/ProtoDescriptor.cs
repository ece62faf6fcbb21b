using Granary.Codec;
using Granary.Schema;

namespace Granary.Gateway.Contracts;

/// <summary>One file as <c>FileDescriptorProto</c>, which reflection and tools take.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Bytes">The message, in protobuf.</param>
/// <param name="Dependencies">The names of the files that it imports.</param>
public sealed record ProtoDescriptor(string Name, ReadOnlyMemory<byte> Bytes, IReadOnlyList<string> Dependencies)
{
    private const int Optional = 1;
    private const int Repeated = 3;

    /// <summary>Writes a file's descriptor by the field numbers of <c>google/protobuf/descriptor.proto</c>, as protoc does: without comments.</summary>
    internal static ProtoDescriptor Of(ProtoFile file)
    {
        var writer = new WireWriter(new byte[1024]);
        Text(ref writer, 1, file.Name);
        Text(ref writer, 2, file.Package);
        foreach (var import in file.Imports) Text(ref writer, 3, import);
        foreach (var message in file.Messages) Message(ref writer, message, file.Package);
        foreach (var item in file.Enums) Enum(ref writer, item);
        foreach (var service in file.Services) Service(ref writer, service);
        Text(ref writer, 12, "proto3");
        return new ProtoDescriptor(file.Name, writer.Written.ToArray(), file.Imports);
    }

    private static void Message(ref WireWriter writer, ProtoMessage message, string package)
    {
        var start = Begin(ref writer, 4);
        Text(ref writer, 1, message.Name);
        var oneOfs = message.OneOf is null ? 0 : 1;
        foreach (var field in message.Fields)
        {
            int? oneOf = message.OneOf is not null ? 0 : field.Label == SchemaLabel.Optional ? oneOfs++ : null;
            Field(ref writer, field, field.Label == SchemaLabel.Map ? $".{package}.{message.Name}.{EntryName(field)}" : null, oneOf);
        }

        foreach (var field in message.Fields.Where(f => f.Label == SchemaLabel.Map)) Entry(ref writer, field);
        if (message.OneOf is not null) OneOf(ref writer, message.OneOf);

        // An optional scalar is alone in a oneof that the language does not show.
        foreach (var field in message.Fields.Where(f => message.OneOf is null && f.Label == SchemaLabel.Optional)) OneOf(ref writer, "_" + field.Name);
        foreach (var reserved in message.Reserved)
        {
            var range = Begin(ref writer, 9);
            Integer(ref writer, 1, reserved.Number);
            Integer(ref writer, 2, reserved.Number + 1);
            writer.EndMessage(range);
        }

        foreach (var name in message.Reserved.Select(r => r.Name).Except(message.Fields.Select(f => f.Name))) Text(ref writer, 10, name);
        writer.EndMessage(start);
    }

    private static void Field(ref WireWriter writer, ProtoField field, string? entry, int? oneOf)
    {
        var start = Begin(ref writer, 2);
        Text(ref writer, 1, field.Name);
        Integer(ref writer, 3, field.Number);
        Integer(ref writer, 4, entry is not null || field.Label == SchemaLabel.Repeated ? Repeated : Optional);
        Integer(ref writer, 5, entry is not null ? ProtoType.Message : field.Type.Number);
        if (entry is not null) Text(ref writer, 6, entry);
        else if (field.Type.IsNamed) Text(ref writer, 6, "." + field.Type.Name);
        if (field.Comment.IsDeprecated) Option(ref writer, 8, 3);
        if (oneOf is { } index) Integer(ref writer, 9, index);
        Text(ref writer, 10, field.JsonName);
        if (field.Label == SchemaLabel.Optional) Integer(ref writer, 17, 1);
        writer.EndMessage(start);
    }

    private static void Entry(ref WireWriter writer, ProtoField map)
    {
        var start = Begin(ref writer, 3);
        Text(ref writer, 1, EntryName(map));
        Field(ref writer, new ProtoField("key", "key", 1, map.MapKey!, SchemaLabel.Single, null, ProtoComment.None), null, null);
        Field(ref writer, new ProtoField("value", "value", 2, map.Type, SchemaLabel.Single, null, ProtoComment.None), null, null);
        Option(ref writer, 7, 7);
        writer.EndMessage(start);
    }

    private static void OneOf(ref WireWriter writer, string name)
    {
        var start = Begin(ref writer, 8);
        Text(ref writer, 1, name);
        writer.EndMessage(start);
    }

    private static void Enum(ref WireWriter writer, ProtoEnum item)
    {
        var start = Begin(ref writer, 5);
        Text(ref writer, 1, item.Name);
        foreach (var value in item.Values)
        {
            var at = Begin(ref writer, 2);
            Text(ref writer, 1, value.Name);
            Integer(ref writer, 2, value.Number);
            writer.EndMessage(at);
        }

        if (item.HasAliases) Option(ref writer, 3, 2);
        foreach (var reserved in item.Reserved)
        {
            // Unlike those of messages, these ranges include their end.
            var range = Begin(ref writer, 4);
            Integer(ref writer, 1, reserved.Number);
            Integer(ref writer, 2, reserved.Number);
            writer.EndMessage(range);
        }

        foreach (var name in item.Reserved.Select(r => r.Name).Except(item.Values.Select(v => v.Name))) Text(ref writer, 5, name);
        writer.EndMessage(start);
    }

    private static void Service(ref WireWriter writer, ProtoService service)
    {
        var start = Begin(ref writer, 6);
        Text(ref writer, 1, service.Name);
        foreach (var method in service.Methods)
        {
            var at = Begin(ref writer, 2);
            Text(ref writer, 1, method.Name);
            Text(ref writer, 2, "." + method.Input);
            Text(ref writer, 3, "." + method.Output);
            if (method.Comment.IsDeprecated || method.Idempotency != ProtoIdempotency.Unknown)
            {
                var options = Begin(ref writer, 4);
                if (method.Comment.IsDeprecated) Integer(ref writer, 33, 1);
                if (method.Idempotency != ProtoIdempotency.Unknown) Integer(ref writer, 34, (int)method.Idempotency);
                writer.EndMessage(options);
            }

            if (method.ClientStreams) Integer(ref writer, 5, 1);
            if (method.ServerStreams) Integer(ref writer, 6, 1);
            writer.EndMessage(at);
        }

        if (service.Comment.IsDeprecated) Option(ref writer, 3, 33);
        writer.EndMessage(start);
    }

    /// <summary>The name of the message that a map's entry is: <c>unit_prices</c> gives <c>UnitPricesEntry</c>.</summary>
    private static string EntryName(ProtoField field) => string.Concat(field.Name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(p => char.ToUpperInvariant(p[0]) + p[1..])) + "Entry";

    private static int Begin(ref WireWriter writer, int number) => writer.BeginMessage(((uint)number << 3) | 2);

    private static void Text(ref WireWriter writer, int number, string text)
    {
        writer.WriteTag(((uint)number << 3) | 2);
        writer.WriteString(text);
    }

    private static void Integer(ref WireWriter writer, int number, int value)
    {
        writer.WriteTag((uint)number << 3);
        writer.WriteInt32(value);
    }

    /// <summary>A message of options that sets one of them.</summary>
    private static void Option(ref WireWriter writer, int field, int option)
    {
        var start = Begin(ref writer, field);
        Integer(ref writer, option, 1);
        writer.EndMessage(start);
    }
}
