using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Granary.Redis;

/// <summary>A Lua script: it is called by its hash, and sent as a whole when the server does not know it (any more).</summary>
internal sealed class RedisScript
{
    internal RedisScript(string text)
    {
        Text = text.ReplaceLineEndings("\n");
        Hash = HashOf(Text);
    }

    internal string Text { get; }

    internal byte[] Hash { get; }

    [SuppressMessage("Security", "CA5350", Justification = "Redis names scripts by their SHA-1.")]
    private static byte[] HashOf(string text) => SHA1.HashData(Encoding.UTF8.GetBytes(text));
}
