using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Orleans.Runtime;

/// <summary>
/// How typed keys are written as <see cref="IdSpan"/>: an integer as upper-case hexadecimal of its 64 bits without leading zeros,
/// a <see cref="Guid"/> in format <c>N</c>, a compound key as <c>key+extension</c>.
/// </summary>
public static class GrainIdKeyExtensions
{
    private const byte Separator = (byte)'+';
    private const int GuidLength = 32;
    private const int LongestInteger = 16;

    public static IdSpan CreateIntegerKey(long key) => CreateIntegerKey(key, ReadOnlySpan<byte>.Empty);

    /// <summary>An empty extension makes a plain integer key.</summary>
    public static IdSpan CreateIntegerKey(long key, ReadOnlySpan<byte> keyExtension)
    {
        Span<byte> digits = stackalloc byte[LongestInteger];
        Utf8Formatter.TryFormat((ulong)key, digits, out var written, new StandardFormat('X'));
        return Join(digits[..written], keyExtension);
    }

    /// <inheritdoc cref="CreateIntegerKey(long, ReadOnlySpan{byte})"/>
    public static IdSpan CreateIntegerKey(long key, string? keyExtension) => CreateIntegerKey(key, Utf8(keyExtension));

    public static IdSpan CreateGuidKey(Guid key) => CreateGuidKey(key, ReadOnlySpan<byte>.Empty);

    /// <summary>An empty extension makes a plain GUID key.</summary>
    public static IdSpan CreateGuidKey(Guid key, ReadOnlySpan<byte> keyExtension)
    {
        Span<byte> digits = stackalloc byte[GuidLength];
        Utf8Formatter.TryFormat(key, digits, out _, new StandardFormat('N'));
        return Join(digits, keyExtension);
    }

    /// <inheritdoc cref="CreateGuidKey(Guid, ReadOnlySpan{byte})"/>
    public static IdSpan CreateGuidKey(Guid key, string? keyExtension) => CreateGuidKey(key, Utf8(keyExtension));

    /// <summary>Reads an integer key; <paramref name="keyExt"/> is null when there is none.</summary>
    public static bool TryGetIntegerKey(this GrainId grainId, out long key, out string? keyExt)
    {
        var text = Split(grainId.Key.AsSpan(), out keyExt);
        if (text.Length is > 0 and <= LongestInteger && Utf8Parser.TryParse(text, out ulong value, out var consumed, 'X') && consumed == text.Length)
        {
            key = (long)value;
            return true;
        }

        key = 0;
        keyExt = null;
        return false;
    }

    /// <summary>Reads a GUID key; <paramref name="keyExt"/> is null when there is none.</summary>
    public static bool TryGetGuidKey(this GrainId grainId, out Guid key, out string? keyExt)
    {
        var text = Split(grainId.Key.AsSpan(), out keyExt);
        if (text.Length == GuidLength && Utf8Parser.TryParse(text, out key, out var consumed, 'N') && consumed == text.Length)
            return true;

        key = Guid.Empty;
        keyExt = null;
        return false;
    }

    /// <exception cref="ArgumentException">The key is no integer.</exception>
    public static long GetIntegerKey(this GrainId grainId) => GetIntegerKey(grainId, out _);

    /// <inheritdoc cref="GetIntegerKey(GrainId)"/>
    public static long GetIntegerKey(this GrainId grainId, out string? keyExt)
    {
        if (!TryGetIntegerKey(grainId, out var key, out keyExt))
            ThrowWrongKind(grainId, "an integer");
        return key;
    }

    /// <exception cref="ArgumentException">The key is no GUID.</exception>
    public static Guid GetGuidKey(this GrainId grainId) => GetGuidKey(grainId, out _);

    /// <inheritdoc cref="GetGuidKey(GrainId)"/>
    public static Guid GetGuidKey(this GrainId grainId, out string? keyExt)
    {
        if (!TryGetGuidKey(grainId, out var key, out keyExt))
            ThrowWrongKind(grainId, "a GUID");
        return key;
    }

    private static ReadOnlySpan<byte> Utf8(string? text) => string.IsNullOrEmpty(text) ? default : Encoding.UTF8.GetBytes(text);

    private static IdSpan Join(ReadOnlySpan<byte> key, ReadOnlySpan<byte> extension)
    {
        if (extension.IsEmpty)
            return new IdSpan(key.ToArray());
        var joined = new byte[key.Length + 1 + extension.Length];
        key.CopyTo(joined);
        joined[key.Length] = Separator;
        extension.CopyTo(joined.AsSpan(key.Length + 1));
        return new IdSpan(joined);
    }

    private static ReadOnlySpan<byte> Split(ReadOnlySpan<byte> key, out string? extension)
    {
        var plus = key.IndexOf(Separator);
        if (plus < 0)
        {
            extension = null;
            return key;
        }

        extension = Encoding.UTF8.GetString(key[(plus + 1)..]);
        return key[..plus];
    }

    [DoesNotReturn]
    private static void ThrowWrongKind(GrainId grainId, string wanted) =>
        throw new ArgumentException($"The key of grain '{grainId}' is not {wanted}. Read it with the method that fits the grain interface's key.", nameof(grainId));
}
