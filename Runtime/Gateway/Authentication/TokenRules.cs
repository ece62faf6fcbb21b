namespace Granary.Gateway.Authentication;

/// <summary>What is fixed about tokens.</summary>
internal static class TokenRules
{
    public const string DefaultIssuer = "granary";

    /// <summary>RFC 7518 3.2: a key for HS256 has at least 256 bits.</summary>
    public const int LeastKeyBytes = 32;

    public static readonly string[] SymmetricAlgorithms = ["HS256", "HS384", "HS512"];

    public static readonly string[] AsymmetricAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
}
