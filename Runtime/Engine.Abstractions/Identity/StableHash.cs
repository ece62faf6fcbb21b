using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Orleans;

/// <summary>
/// A 32-bit hash which is the same in every process and on every machine: xxHash32 with seed 0
/// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Not for secrets.
/// </summary>
public static class StableHash
{
    private const uint Prime1 = 0x9E3779B1;
    private const uint Prime2 = 0x85EBCA77;
    private const uint Prime3 = 0xC2B2AE3D;
    private const uint Prime4 = 0x27D4EB2F;
    private const uint Prime5 = 0x165667B1;

    /// <summary>The hash of <paramref name="data"/>.</summary>
    public static uint ComputeHash(ReadOnlySpan<byte> data)
    {
        var length = (uint)data.Length;
        uint hash;
        if (data.Length >= 16)
        {
            var a = unchecked(Prime1 + Prime2);
            var b = Prime2;
            var c = 0u;
            var d = unchecked(0u - Prime1);
            while (data.Length >= 16)
            {
                a = Round(a, BinaryPrimitives.ReadUInt32LittleEndian(data));
                b = Round(b, BinaryPrimitives.ReadUInt32LittleEndian(data[4..]));
                c = Round(c, BinaryPrimitives.ReadUInt32LittleEndian(data[8..]));
                d = Round(d, BinaryPrimitives.ReadUInt32LittleEndian(data[12..]));
                data = data[16..];
            }

            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        }
        else
        {
            hash = Prime5;
        }

        hash += length;
        while (data.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash + BinaryPrimitives.ReadUInt32LittleEndian(data) * Prime3, 17) * Prime4;
            data = data[4..];
        }

        foreach (var value in data)
            hash = BitOperations.RotateLeft(hash + value * Prime5, 11) * Prime1;

        hash = (hash ^ (hash >> 15)) * Prime2;
        hash = (hash ^ (hash >> 13)) * Prime3;
        return hash ^ (hash >> 16);
    }

    /// <summary>The hash of the UTF-8 bytes of <paramref name="data"/>.</summary>
    public static uint ComputeHash(string data)
    {
        ArgumentNullException.ThrowIfNull(data);
        const int OnStack = 256;
        var most = Encoding.UTF8.GetMaxByteCount(data.Length);
        if (most > OnStack)
            return ComputeHash(Encoding.UTF8.GetBytes(data));
        Span<byte> bytes = stackalloc byte[OnStack];
        return ComputeHash(bytes[..Encoding.UTF8.GetBytes(data, bytes)]);
    }

    private static uint Round(uint accumulator, uint input) => BitOperations.RotateLeft(accumulator + input * Prime2, 13) * Prime1;
}
