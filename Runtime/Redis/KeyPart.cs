namespace Granary.Redis;

/// <summary>What the names of keys are made of.</summary>
internal static class KeyPart
{
    /// <summary>A part of a key, without the colons that separate parts and the braces that mean something to Redis Cluster.</summary>
    internal static string Escape(string part) => part
        .Replace("%", "%25", StringComparison.Ordinal)
        .Replace(":", "%3A", StringComparison.Ordinal)
        .Replace("{", "%7B", StringComparison.Ordinal)
        .Replace("}", "%7D", StringComparison.Ordinal);
}
