namespace Granary.Gateway.Authentication;

/// <summary>What is fixed about tokens.</summary>
internal static class TokenRules
{
    public const string DefaultIssuer = "granary";

    /// <summary>RFC 7518 3.2: a key for HS256 has at least 256 bits.</summary>
    public const int LeastKeyBytes = 32;

    // The two kinds never mix: a public key taken for a shared secret is how tokens get forged (RFC 8725 2.1).
    public static readonly string[] SymmetricAlgorithms = ["HS256", "HS384", "HS512"];

    public static readonly string[] AsymmetricAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>What is accepted: what was asked for, else everything that goes with the kind of key.</summary>
    public static IReadOnlyList<string> Accepted(AuthenticationOptions options) =>
        options.Algorithms.Count > 0 ? [.. options.Algorithms] : string.IsNullOrEmpty(options.Key) ? ["RS256", "PS256", "ES256"] : ["HS256"];
}
