using System.Buffers.Binary;
using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>Damages recorded frames. The same random numbers damage them the same way.</summary>
internal sealed class Mutator(Random random, byte[][] pool)
{
    private const int MostFrames = 12;

    private static readonly byte[] s_interesting = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, 8, 10, 18];

    /// <summary>Bytes of a connection: some frames of the recording, in another order, damaged, with lengths that are not always true.</summary>
    internal byte[] Stream(byte[][] from)
    {
        var start = random.Next(from.Length);
        var frames = from.AsSpan(start, Math.Min(from.Length - start, random.Next(1, MostFrames))).ToArray().ToList();
        for (var n = random.Next(0, 4); n > 0; n--) Reorder(frames);
        for (var n = random.Next(0, 4); n > 0 && frames.Count > 0; n--)
        {
            var i = random.Next(frames.Count);
            frames[i] = Damage(frames[i]);
        }

        return Join(frames);
    }

    /// <summary>One frame's content, damaged one to six times.</summary>
    internal byte[] Damage(byte[] frame)
    {
        var bytes = frame.ToList();
        for (var n = random.Next(1, 7); n > 0; n--) DamageOnce(bytes);
        return [.. bytes];
    }

    /// <summary>Frames behind their lengths; now and then a length lies or the end is missing.</summary>
    internal byte[] Join(IReadOnlyList<byte[]> frames)
    {
        var joined = new MemoryStream();
        var liar = random.Next(6) == 0 ? random.Next(Math.Max(1, frames.Count)) : -1;
        Span<byte> length = stackalloc byte[Frame.LengthBytes];
        for (var i = 0; i < frames.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(length, i == liar ? Lie(frames[i].Length) : (uint)frames[i].Length);
            joined.Write(length);
            joined.Write(frames[i]);
        }

        var bytes = joined.ToArray();
        return random.Next(10) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private uint Lie(int truth) => random.Next(5) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => (uint)Math.Max(0, truth + random.Next(-8, 9)),
        3 => (uint)random.Next(),
        _ => (uint)random.Next(truth + 1),
    };

    private void Reorder(List<byte[]> frames)
    {
        if (frames.Count == 0) return;
        var i = random.Next(frames.Count);
        switch (random.Next(4))
        {
            case 0: frames.RemoveAt(i); break;
            case 1: frames.Insert(random.Next(frames.Count + 1), frames[i]); break;
            case 2: frames.Insert(i, pool[random.Next(pool.Length)]); break;
            default:
                var j = random.Next(frames.Count);
                (frames[i], frames[j]) = (frames[j], frames[i]);
                break;
        }
    }

    private void DamageOnce(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)random.Next(256));
            return;
        }

        var at = random.Next(bytes.Count);
        var length = Math.Min(random.Next(1, 9), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = s_interesting[random.Next(s_interesting.Length)]; break;
            case 2: bytes[at] = (byte)random.Next(256); break;
            case 3: bytes.InsertRange(at, Random(random.Next(1, 9))); break;
            case 4: bytes.RemoveRange(at, length); break;
            case 5: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
            case 6: Splice(bytes, at); break;
            // A varint of ten bytes, or eleven: a length of anything up to what 64 bits hold, or more.
            default: bytes.InsertRange(at, [.. Enumerable.Repeat((byte)(0x80 | random.Next(128)), random.Next(8, 11)), (byte)random.Next(2)]); break;
        }
    }

    /// <summary>Goes on as another frame does.</summary>
    private void Splice(List<byte> bytes, int at)
    {
        var other = pool[random.Next(pool.Length)];
        bytes.RemoveRange(at, bytes.Count - at);
        bytes.AddRange(other.AsSpan(random.Next(other.Length)));
    }

    private byte[] Random(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
