using System.Buffers;
using System.Collections.Immutable;
using Granary.Codec;

namespace Granary.Rpc;

/// <summary>
/// Writes an <see cref="RpcException"/> as a <c>google.rpc.Status</c> whose details are <c>BadRequest</c>, <c>ErrorInfo</c> and <c>RetryInfo</c> of
/// <c>google/rpc/error_details.proto</c>: the form in frames between silos, and in gRPC's <c>grpc-status-details-bin</c>. Stack and inner exceptions stay behind.
/// </summary>
public static class RpcErrorCodec
{
    private const string TypePrefix = "type.googleapis.com/";
    private const string BadRequest = "google.rpc.BadRequest";
    private const string ErrorInfo = "google.rpc.ErrorInfo";
    private const string RetryInfo = "google.rpc.RetryInfo";
    private const string Domain = "granary";

    // Field 1, 2 and 3, length-delimited; field 1 as varint.
    private const uint First = 10;
    private const uint Second = 18;
    private const uint Third = 26;
    private const uint CodeTag = 8;

    /// <summary>Writes the fields of the status, without a length in front.</summary>
    public static void Write(ref WireWriter writer, RpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        writer.WriteTag(CodeTag);
        writer.WriteInt32((int)error.Code);
        if (error.Message.Length > 0)
        {
            writer.WriteTag(Second);
            writer.WriteString(error.Message);
        }

        foreach (var (type, value) in Details(error))
        {
            var any = writer.BeginMessage(Third);
            writer.WriteTag(First);
            writer.WriteString(TypePrefix + type);
            writer.WriteTag(Second);
            writer.WriteBytes(value);
            writer.EndMessage(any);
        }
    }

    /// <summary>Reads a status until the reader's current message ends. Details of other types are dropped; a code that is none becomes <see cref="StatusCode.Unknown"/>.</summary>
    /// <exception cref="WireFormatException">The bytes are no status.</exception>
    public static RpcException Read(ref WireReader reader)
    {
        var code = 0;
        var message = "";
        var details = default(DetailFields);
        while (reader.ReadTag() is var tag and not 0)
        {
            switch (tag)
            {
                case CodeTag:
                    code = reader.ReadInt32();
                    break;
                case Second:
                    message = reader.ReadString();
                    break;
                case Third:
                    ReadDetail(ref reader, ref details);
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }

        return new RpcException(code == 0 ? StatusCode.Unknown : RpcStatus.Known((StatusCode)code), message)
        {
            Violations = details.Violations ?? (IReadOnlyList<FieldViolation>)[],
            Reason = details.Reason,
            Metadata = details.Metadata?.ToImmutable() ?? ImmutableDictionary<string, string>.Empty,
            RetryAfter = details.RetryAfter,
        };
    }

    /// <summary>The status as bytes.</summary>
    public static byte[] Encode(RpcException error)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(512));
        Write(ref writer, error);
        return Finish(writer);
    }

    /// <summary>The exception of <see cref="Encode"/>'s bytes.</summary>
    /// <exception cref="WireFormatException">The bytes are no status.</exception>
    public static RpcException Decode(ReadOnlySpan<byte> status)
    {
        var reader = new WireReader(status);
        return Read(ref reader);
    }

    /// <summary>The details by themselves, as protocols want them that do not send a status: full message name and encoded message.</summary>
    public static IReadOnlyList<(string Type, byte[] Value)> Details(RpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        List<(string, byte[])> details = [];
        if (error.Violations.Count > 0) details.Add((BadRequest, WriteBadRequest(error.Violations)));
        if (error.Reason is not null || error.Metadata.Count > 0) details.Add((ErrorInfo, WriteErrorInfo(error)));
        if (error.RetryAfter is { } delay) details.Add((RetryInfo, WriteRetryInfo(delay)));
        return details;
    }

    private static byte[] WriteBadRequest(IReadOnlyList<FieldViolation> violations)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
        foreach (var (field, description) in violations) WritePair(ref writer, First, field, description);
        return Finish(writer);
    }

    private static byte[] WriteErrorInfo(RpcException error)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
        if (error.Reason is { Length: > 0 } reason)
        {
            writer.WriteTag(First);
            writer.WriteString(reason);
        }

        writer.WriteTag(Second);
        writer.WriteString(Domain);
        foreach (var (key, value) in error.Metadata) WritePair(ref writer, Third, key, value);
        return Finish(writer);
    }

    private static byte[] WriteRetryInfo(TimeSpan delay)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(32));
        writer.WriteTag(First);
        writer.WriteDuration(delay);
        return Finish(writer);
    }

    private static void WritePair(ref WireWriter writer, uint tag, string first, string second)
    {
        var start = writer.BeginMessage(tag);
        writer.WriteTag(First);
        writer.WriteString(first);
        writer.WriteTag(Second);
        writer.WriteString(second);
        writer.EndMessage(start);
    }

    private static byte[] Finish(WireWriter writer)
    {
        var bytes = writer.Written.ToArray();
        ArrayPool<byte>.Shared.Return(writer.Buffer);
        return bytes;
    }

    private static void ReadDetail(ref WireReader reader, ref DetailFields fields)
    {
        var type = "";
        ReadOnlySpan<byte> value = default;
        var token = reader.EnterMessage();
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == First) type = reader.ReadString();
            else if (tag == Second) value = reader.ReadSpan();
            else reader.Skip(tag);
        }

        reader.ExitMessage(token);
        var detail = new WireReader(value);
        switch (type[(type.LastIndexOf('/') + 1)..])
        {
            case BadRequest:
                ReadBadRequest(ref detail, ref fields);
                break;
            case ErrorInfo:
                ReadErrorInfo(ref detail, ref fields);
                break;
            case RetryInfo:
                ReadRetryInfo(ref detail, ref fields);
                break;
        }
    }

    private static void ReadBadRequest(ref WireReader reader, ref DetailFields fields)
    {
        fields.Violations ??= [];
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == First)
            {
                var (field, description) = ReadPair(ref reader);
                fields.Violations.Add(new FieldViolation(field, description));
            }
            else
            {
                reader.Skip(tag);
            }
        }
    }

    private static void ReadErrorInfo(ref WireReader reader, ref DetailFields fields)
    {
        while (reader.ReadTag() is var tag and not 0)
        {
            switch (tag)
            {
                case First:
                    fields.Reason = reader.ReadString();
                    break;
                case Third:
                    var (key, value) = ReadPair(ref reader);
                    (fields.Metadata ??= ImmutableDictionary.CreateBuilder<string, string>())[key] = value;
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
    }

    private static void ReadRetryInfo(ref WireReader reader, ref DetailFields fields)
    {
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == First) fields.RetryAfter = reader.ReadDuration();
            else reader.Skip(tag);
        }
    }

    private static (string First, string Second) ReadPair(ref WireReader reader)
    {
        var (first, second) = ("", "");
        var token = reader.EnterMessage();
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == First) first = reader.ReadString();
            else if (tag == Second) second = reader.ReadString();
            else reader.Skip(tag);
        }

        reader.ExitMessage(token);
        return (first, second);
    }

    private struct DetailFields
    {
        public List<FieldViolation>? Violations;
        public string? Reason;
        public ImmutableDictionary<string, string>.Builder? Metadata;
        public TimeSpan? RetryAfter;
    }
}
