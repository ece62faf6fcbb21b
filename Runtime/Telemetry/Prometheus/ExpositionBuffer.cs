using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Granary.Telemetry.Prometheus;

/// <summary>A growing UTF-8 text in a pooled array. Not thread-safe. Dispose gives the array back.</summary>
internal sealed class ExpositionBuffer : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _length;

    /// <summary>What was written.</summary>
    internal ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Dispose()
    {
        var bytes = _bytes;
        _bytes = [];
        _length = 0;
        if (bytes.Length > 0) ArrayPool<byte>.Shared.Return(bytes);
    }

    internal void Write(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Space(utf8.Length));
        _length += utf8.Length;
    }

    internal void Write(byte character)
    {
        Space(1)[0] = character;
        _length++;
    }

    internal void Write(string text) => _length += Encoding.UTF8.GetBytes(text, Space(Encoding.UTF8.GetMaxByteCount(text.Length)));

    internal void Write(long value)
    {
        Utf8Formatter.TryFormat(value, Space(20), out var written);
        _length += written;
    }

    /// <summary>The shortest text that reads back as the same number, with <c>NaN</c>, <c>+Inf</c> and <c>-Inf</c> as both formats spell them.</summary>
    internal void Write(double value)
    {
        if (double.IsNaN(value))
        {
            Write("NaN"u8);
        }
        else if (double.IsInfinity(value))
        {
            Write(value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
        else
        {
            value.TryFormat(Space(32), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
    }

    /// <summary>Text with backslashes and line feeds escaped, and quotes where they would end it.</summary>
    internal void WriteEscaped(string text, bool quotes)
    {
        var rest = text.AsSpan();
        while (true)
        {
            var next = quotes ? rest.IndexOfAny('\\', '\n', '"') : rest.IndexOfAny('\\', '\n');
            var plain = next < 0 ? rest : rest[..next];
            _length += Encoding.UTF8.GetBytes(plain, Space(Encoding.UTF8.GetMaxByteCount(plain.Length)));
            if (next < 0) return;
            Write((byte)'\\');
            Write(rest[next] == '\n' ? (byte)'n' : (byte)rest[next]);
            rest = rest[(next + 1)..];
        }
    }

    private Span<byte> Space(int length)
    {
        if (_bytes.Length - _length < length)
        {
            var bigger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + length));
            _bytes.AsSpan(0, _length).CopyTo(bigger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = bigger;
        }

        return _bytes.AsSpan(_length);
    }
}
