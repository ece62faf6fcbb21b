using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Granary.Gateway.Http;

/// <summary>
/// A growing buffer with a JSON writer on it, so that a response's length is known before its first byte is sent. One is kept for each thread. Not thread-safe: who rents it returns it.
/// </summary>
internal sealed class JsonOutput : IBufferWriter<byte>
{
    private const int Initial = 1024;
    private const int MostKept = 64 * 1024;

    // Answers are application/json with nosniff, never pasted into HTML: what is not ASCII need not be escaped.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static JsonOutput? t_spare;

    private byte[] _buffer = new byte[Initial];
    private int _length;

    private JsonOutput() => Json = new Utf8JsonWriter(this, s_options);

    /// <summary>Writes into this buffer; flush it before reading <see cref="Written"/>.</summary>
    public Utf8JsonWriter Json { get; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    public static JsonOutput Rent()
    {
        var output = t_spare ?? new JsonOutput();
        t_spare = null;
        return output;
    }

    public void Return()
    {
        if (_buffer.Length > MostKept) return;
        Clear();
        t_spare = this;
    }

    public void Clear()
    {
        _length = 0;
        Json.Reset(this);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _length += bytes.Length;
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_length);
    }

    private void Reserve(int sizeHint)
    {
        sizeHint = Math.Max(sizeHint, 1);
        if (_buffer.Length - _length >= sizeHint) return;
        Array.Resize(ref _buffer, checked((int)Math.Max((long)_length + sizeHint, Math.Min(2L * _buffer.Length, Array.MaxLength))));
    }
}
