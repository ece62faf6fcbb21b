using System.Runtime.CompilerServices;
using System.Text.Json;
using Granary.Codec;
using Granary.Schema;
using Orleans;

namespace Granary.Rpc;

/// <summary>Some items of a stream, already encoded, so that one source interface serves every item type.</summary>
[GenerateSerializer]
[Immutable]
public sealed class RpcBatch
{
    /// <summary>The items, each a length and its message (<see cref="RpcItemCodec{T}"/>).</summary>
    [Id(0)]
    public byte[] Items { get; init; } = [];

    /// <summary>How many items there are.</summary>
    [Id(1)]
    public int Count { get; init; }

    /// <summary>Whether the stream ends after these.</summary>
    [Id(2)]
    public bool Completed { get; init; }

    /// <summary>The error that the stream ends in (<see cref="RpcErrorCodec"/>), or null.</summary>
    [Id(3)]
    public byte[]? Error { get; init; }
}

/// <summary>Written by hand: the generator does not run on the assembly that generated code needs.</summary>
internal sealed class RpcBatchCodec : MessageCodec<RpcBatch>
{
    private const uint ItemsTag = 10;
    private const uint CountTag = 16;
    private const uint CompletedTag = 24;
    private const uint ErrorTag = 34;

    public override MessageSchema Schema { get; } = new()
    {
        Package = "granary.rpc",
        Name = nameof(RpcBatch),
        Fields =
        [
            new FieldSchema(1, "items", new SchemaType(SchemaKind.Bytes)),
            new FieldSchema(2, "count", new SchemaType(SchemaKind.Int32)),
            new FieldSchema(3, "completed", new SchemaType(SchemaKind.Bool)),
            new FieldSchema(4, "error", new SchemaType(SchemaKind.Bytes, Label: SchemaLabel.Optional)),
        ],
    };

#pragma warning disable CA2255 // An assembly of the runtime registers its codec like every contract assembly.
    [ModuleInitializer]
    internal static void Register() => Register(new RpcBatchCodec());
#pragma warning restore CA2255

    public override void Write(ref WireWriter writer, RpcBatch value)
    {
        if (value.Items.Length > 0)
        {
            writer.WriteTag(ItemsTag);
            writer.WriteBytes(value.Items);
        }

        if (value.Count != 0)
        {
            writer.WriteTag(CountTag);
            writer.WriteInt32(value.Count);
        }

        if (value.Completed)
        {
            writer.WriteTag(CompletedTag);
            writer.WriteBool(true);
        }

        if (value.Error is not null)
        {
            writer.WriteTag(ErrorTag);
            writer.WriteBytes(value.Error);
        }
    }

    public override RpcBatch Read(ref WireReader reader)
    {
        byte[] items = [];
        var count = 0;
        var completed = false;
        byte[]? error = null;
        while (reader.ReadTag() is var tag and not 0)
        {
            switch (tag)
            {
                case ItemsTag:
                    items = reader.ReadBytes();
                    break;
                case CountTag:
                    count = reader.ReadInt32();
                    break;
                case CompletedTag:
                    completed = reader.ReadBool();
                    break;
                case ErrorTag:
                    error = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }

        return new RpcBatch { Items = items, Count = count, Completed = completed, Error = error };
    }

    public override RpcBatch Copy(RpcBatch value) => value;

    public override void WriteJson(Utf8JsonWriter writer, RpcBatch value, JsonFormat format) => throw InternalOnly();

    public override RpcBatch ReadJson(ref Utf8JsonReader reader, ref JsonPath path) => throw InternalOnly();

    private static NotSupportedException InternalOnly() => new($"{nameof(RpcBatch)} stays inside the cluster and has no JSON form.");
}
