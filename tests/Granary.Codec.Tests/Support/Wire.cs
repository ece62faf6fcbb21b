using System.Buffers;
using Google.Protobuf;

namespace Granary.Codec.Tests.Support;

internal delegate void WriteAction(ref WireWriter writer);

internal delegate T ReadFunc<T>(ref WireReader reader);

/// <summary>Bytes by our writer and by Google's, and values by our reader.</summary>
internal static class Wire
{
    public static byte[] Ours(WriteAction write, int room = 16)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(room));
        write(ref writer);
        var bytes = writer.Written.ToArray();
        ArrayPool<byte>.Shared.Return(writer.Buffer);
        return bytes;
    }

    public static byte[] Theirs(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true)) write(output);
        return stream.ToArray();
    }

    public static T Read<T>(byte[] bytes, ReadFunc<T> read)
    {
        var reader = new WireReader(bytes);
        var value = read(ref reader);
        Assert.True(reader.AtEnd, $"{bytes.Length - reader.Position} bytes were left.");
        return value;
    }

    public static WireFormatException Refused<T>(byte[] bytes, ReadFunc<T> read) => Assert.Throws<WireFormatException>(() =>
    {
        var reader = new WireReader(bytes);
        read(ref reader);
    });

    /// <summary>Everything a message can hold, by whoever reads fields without knowing them.</summary>
    public static int SkipAll(ref WireReader reader)
    {
        var fields = 0;
        for (; reader.ReadTag() is var tag and not 0; fields++) reader.Skip(tag);
        return fields;
    }
}
