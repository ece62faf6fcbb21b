namespace Granary.Gateway.Authentication;

/// <summary>What API keys look like: <c>id.secret</c>.</summary>
internal static class ApiKeyRules
{
    public const string Header = "x-api-key";
    public const string Scheme = "ApiKey ";
    public const int HashBytes = 32;

    // Anything longer is none of ours, and not worth a hash.
    public const int MaxSecret = 128;
    private const int MaxId = 64;

    public static bool IsId(ReadOnlySpan<char> id)
    {
        if (id.Length is 0 or > MaxId) return false;
        foreach (var c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return false;
        }

        return true;
    }

    /// <summary>What is wrong with a key of the configuration, or null. Quotes no hash.</summary>
    public static string? Problem(string id, ApiKeyOptions key)
    {
        if (!IsId(id)) return $"has an id that is none: up to {MaxId} letters, digits, '-' and '_' are accepted";
        if (string.IsNullOrWhiteSpace(key.Subject)) return "has no Subject; write who calls with it";
        if (key.Hashes.Count is 0 or > 2) return $"has {key.Hashes.Count} Hashes; one is needed, or two while the secret is being changed: printf %s \"$SECRET\" | sha256sum";
        return key.Hashes.All(hash => hash.Length == 2 * HashBytes && hash.All(char.IsAsciiHexDigit)) ? null : "has something in Hashes that is no SHA-256 in hexadecimal, 64 digits";
    }
}
