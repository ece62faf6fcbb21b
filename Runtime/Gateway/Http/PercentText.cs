using System.Buffers;
using System.Globalization;
using System.Text;

namespace Granary.Gateway.Http;

/// <summary>Percent-decoding (RFC 3986) of one path segment or query part, strictly: half an escape or bytes that are no UTF-8 are refused rather than kept.</summary>
internal static class PercentText
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="text">The encoded text.</param>
    /// <param name="plusIsSpace">Whether <c>+</c> stands for a space, as it does in queries.</param>
    /// <param name="decoded">The text it stands for.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, bool plusIsSpace, out string decoded)
    {
        if (text.IndexOf('%') < 0 && (!plusIsSpace || text.IndexOf('+') < 0) && Ascii.IsValid(text))
        {
            decoded = text.ToString();
            return true;
        }

        decoded = "";
        var bytes = ArrayPool<byte>.Shared.Rent(s_utf8.GetMaxByteCount(text.Length));
        try
        {
            var length = 0;
            while (!text.IsEmpty)
            {
                if (text[0] == '%')
                {
                    if (text.Length < 3 || !byte.TryParse(text[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[length])) return false;
                    length++;
                    text = text[3..];
                    continue;
                }

                if (plusIsSpace && text[0] == '+')
                {
                    bytes[length++] = (byte)' ';
                    text = text[1..];
                    continue;
                }

                var plain = plusIsSpace ? text.IndexOfAny('%', '+') : text.IndexOf('%');
                if (plain < 0) plain = text.Length;
                length += s_utf8.GetBytes(text[..plain], bytes.AsSpan(length));
                text = text[plain..];
            }

            decoded = s_utf8.GetString(bytes, 0, length);
            return true;
        }
        catch (Exception exception) when (exception is DecoderFallbackException or EncoderFallbackException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
