namespace Granary.Hosting.Security;

/// <summary>Tells secrets that are long enough, and guessed all the same.</summary>
internal static class WeakSecret
{
    private const int LeastCharacters = 10;

    // Those of documents and examples, ours among them; whoever tries keys begins with these.
    private static readonly string[] s_known =
    [
        "your-256-bit-secret", "a-string-secret-at-least-256-bits-long", "your-384-bit-secret", "your-512-bit-secret", "a key that is at least 32 bytes long", "changeme", "change-me", "change me", "change_me", "changeit",
        "secretsecret", "passwordpassword", "supersecret", "super-secret", "super secret", "my-secret", "mysecret", "my secret", "yoursecret", "your-secret", "your secret", "insecure", "development", "replace-me",
        "0123456789abcdef0123456789abcdef", "01234567890123456789012345678901", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop",
    ];

    /// <summary>What is wrong with a secret, as the end of a sentence; null when nothing is, or there is none.</summary>
    internal static string? Problem(string? secret)
    {
        if (string.IsNullOrEmpty(secret)) return null;
        if (s_known.Any(known => secret.Contains(known, StringComparison.OrdinalIgnoreCase))) return "is one of those that examples have, or holds one: whoever tries keys begins with them";
        return secret.Distinct().Count() < Math.Min(LeastCharacters, secret.Length) ? $"is made of {secret.Distinct().Count()} different characters, which is guessed easily" : null;
    }
}
