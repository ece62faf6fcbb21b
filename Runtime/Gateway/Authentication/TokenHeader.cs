using System.Buffers.Text;
using System.Text.Json;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Looks at a JWT before any key is touched: its length, its shape, its algorithm and its type. Of the header's members only <c>alg</c>, <c>typ</c> and <c>crit</c> mean anything here, and <c>kid</c> picks among
/// the keys we have: a key or an address in the header (<c>jwk</c>, <c>jku</c>, <c>x5u</c>, <c>x5c</c>) is never looked at (RFC 8725, 3.10).
/// </summary>
internal static class TokenHeader
{
    private const int MaxDepth = 16;
    private const int MaxKeyId = 256;
    private const string Malformed = "the token is no signed JWT";

    /// <summary>Null when the token may go on to be validated, else what is wrong with it, in words for its sender.</summary>
    public static string? Problem(ReadOnlySpan<char> token, int maxLength, IReadOnlyList<string> algorithms)
    {
        if (token.Length > maxLength) return $"the token is longer than {maxLength} characters";

        // Three parts are a signed token; five would be an encrypted one, which nobody here has a key for.
        if (token.Count('.') != 2) return Malformed;
        var dot = token.IndexOf('.');
        var header = token[..dot];
        var payload = token[(dot + 1)..token.LastIndexOf('.')];
        if (header.IsEmpty || payload.IsEmpty || !Base64Url.IsValid(header) || !Base64Url.IsValid(payload)) return Malformed;
        try
        {
            var problem = HeaderProblem(Base64Url.DecodeFromChars(header), algorithms);
            if (problem is not null) return problem;

            // The validator reads all of it before it looks at the signature: nothing too deep gets there.
            return IsShallow(Base64Url.DecodeFromChars(payload)) ? null : "the token's claims are not valid";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return Malformed;
        }
    }

    private static string? HeaderProblem(byte[] json, IReadOnlyList<string> algorithms)
    {
        string? algorithm = null, type = null;
        var critical = false;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return Malformed;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // Two of a kind could be read one way here and the other way by the validator.
            if (reader.ValueTextEquals("alg"u8))
            {
                if (algorithm is not null) return Malformed;
                reader.Read();
                algorithm = reader.GetString() ?? throw new JsonException();
            }
            else if (reader.ValueTextEquals("typ"u8))
            {
                if (type is not null) return Malformed;
                reader.Read();
                type = reader.GetString() ?? throw new JsonException();
            }
            else if (reader.ValueTextEquals("kid"u8))
            {
                reader.Read();
                if (reader.GetString() is { Length: > MaxKeyId }) return "the token's key id is too long";
            }
            else
            {
                critical |= reader.ValueTextEquals("crit"u8);
                reader.Read();
                reader.Skip();
            }
        }

        // Nothing behind the object.
        if (reader.Read()) return Malformed;
        if (critical) return "the token has critical extensions, which are not supported";
        if (algorithm is null) return "the token names no algorithm";
        if (!algorithms.Contains(algorithm)) return "the token's algorithm is not accepted";

        // RFC 8725, 3.11: a token that was made for something else (a logout, an event, a proof) is none for calls.
        return type is null || IsOurs(type) ? null : "the token is of a type that is not accepted";
    }

    private static bool IsOurs(string type) =>
        type.Equals("JWT", StringComparison.OrdinalIgnoreCase) || type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase) || type.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase);

    private static bool IsShallow(byte[] json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
