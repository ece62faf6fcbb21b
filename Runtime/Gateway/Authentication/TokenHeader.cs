using System.Buffers.Text;
using System.Text.Json;

namespace Granary.Gateway.Authentication;

/// <summary>Looks at a JWT before any key is touched: its shape, its length and its algorithm.</summary>
internal static class TokenHeader
{
    /// <summary>Null when the token may go on to be validated, else what is wrong with it, in words for its sender.</summary>
    public static string? Problem(ReadOnlySpan<char> token, int maxLength, IReadOnlyList<string> algorithms)
    {
        if (token.Length > maxLength) return $"the token is longer than {maxLength} characters";

        // Three parts are a signed token; five would be an encrypted one, which nobody here has a key for.
        if (token.Count('.') != 2) return "the token is no signed JWT";
        var header = token[..token.IndexOf('.')];
        if (header.IsEmpty || !Base64Url.IsValid(header)) return "the token is no signed JWT";
        var json = Base64Url.DecodeFromChars(header);
        try
        {
            var algorithm = ReadAlgorithm(json, out var critical);
            if (critical) return "the token has critical extensions, which are not supported";
            if (algorithm is null) return "the token names no algorithm";
            return algorithms.Contains(algorithm) ? null : "the token's algorithm is not accepted";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "the token is no signed JWT";
        }
    }

    private static string? ReadAlgorithm(byte[] json, out bool critical)
    {
        critical = false;
        string? algorithm = null;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("alg"u8))
            {
                // Two of them could be read one way here and the other way by the validator.
                if (algorithm is not null) throw new JsonException();
                reader.Read();
                algorithm = reader.GetString() ?? throw new JsonException();
                continue;
            }

            if (reader.ValueTextEquals("crit"u8)) critical = true;
            reader.Read();
            reader.Skip();
        }

        return algorithm;
    }
}
