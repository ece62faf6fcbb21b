using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>What one end of a connection sent, as frames without their lengths; the handshake's come first.</summary>
/// <param name="ToSilo">Whether the one who dialled sent it.</param>
/// <param name="Frames">In the order they were sent.</param>
internal sealed record RecordedStream(bool ToSilo, byte[][] Frames)
{
    internal static RecordedStream Parse(bool toSilo, ReadOnlySpan<byte> bytes)
    {
        var frames = new List<byte[]>();
        while (bytes.Length >= Frame.LengthBytes)
        {
            var end = Frame.LengthBytes + (int)Frame.Length(bytes);
            if (end > bytes.Length) break;
            frames.Add(bytes[Frame.LengthBytes..end].ToArray());
            bytes = bytes[end..];
        }

        return new RecordedStream(toSilo, [.. frames]);
    }
}

/// <summary>Real traffic: every kind of frame, both ways. Can be kept in a file, so that the same inputs can be made of it again.</summary>
internal sealed class Recording(IReadOnlyList<RecordedStream> streams)
{
    internal IReadOnlyList<RecordedStream> Streams { get; } = streams;

    /// <summary>The frames of some kinds, wherever they were sent; those after the handshake when no kind is named.</summary>
    internal byte[][] Frames(bool? toSilo, params FrameKind[] kinds) =>
    [
        .. Streams.Where(s => toSilo is null || s.ToSilo == toSilo).SelectMany(s => s.Frames)
            .Where(f => kinds.Length == 0 ? f[0] < (byte)FrameKind.Greeting : kinds.Contains((FrameKind)f[0])),
    ];

    internal void Save(string file)
    {
        using var writer = new BinaryWriter(File.Create(file));
        writer.Write(Streams.Count);
        foreach (var stream in Streams)
        {
            writer.Write(stream.ToSilo);
            writer.Write(stream.Frames.Length);
            foreach (var frame in stream.Frames)
            {
                writer.Write(frame.Length);
                writer.Write(frame);
            }
        }
    }

    /// <exception cref="IOException">There is no such file, or it is none of ours.</exception>
    internal static Recording Load(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var streams = new RecordedStream[reader.ReadInt32()];
        for (var s = 0; s < streams.Length; s++)
        {
            var toSilo = reader.ReadBoolean();
            var frames = new byte[reader.ReadInt32()][];
            for (var f = 0; f < frames.Length; f++) frames[f] = reader.ReadBytes(reader.ReadInt32());
            streams[s] = new RecordedStream(toSilo, frames);
        }

        return new Recording(streams);
    }
}
