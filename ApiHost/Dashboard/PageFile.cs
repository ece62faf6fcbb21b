using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Granary.ApiHost.Dashboard;

/// <summary>A file of the page, plain and compressed: the build has compressed it, better than could be done while somebody waits.</summary>
internal sealed class PageFile
{
    private const string Prefix = "dashboard/";

    // The better one first.
    private static readonly (string Suffix, string Encoding)[] s_encodings = [(".br", "br"), (".gz", "gzip")];

    private readonly Variant _plain;
    private readonly Variant[] _compressed;

    private PageFile(string name)
    {
        ContentType = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            ".txt" => "text/plain; charset=utf-8",
            _ => throw new InvalidOperationException($"{name}: a file of the page has an extension without a media type; add it here"),
        };
        _plain = new Variant(null, Read(name));
        _compressed = [.. s_encodings.Select(e => new Variant(e.Encoding, Read(name + e.Suffix)))];
    }

    internal string ContentType { get; }

    internal static bool IsThere(string name) => typeof(PageFile).Assembly.GetManifestResourceInfo(Prefix + name) is not null;

    /// <summary>Every file by its name; empty in a build without the page.</summary>
    internal static FrozenDictionary<string, PageFile> ReadAll() =>
        typeof(PageFile).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal) && !s_encodings.Any(e => n.EndsWith(e.Suffix, StringComparison.Ordinal)))
            .Select(n => n[Prefix.Length..])
            .ToFrozenDictionary(n => n, n => new PageFile(n), StringComparer.Ordinal);

    /// <summary>What to send to a caller that takes these encodings.</summary>
    internal Variant For(IList<StringWithQualityHeaderValue> accepted)
    {
        foreach (var variant in _compressed)
        {
            if (accepted.Any(a => a.Value.Equals(variant.Encoding, StringComparison.OrdinalIgnoreCase) && a.Quality is null or > 0)) return variant;
        }

        return _plain;
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(PageFile).Assembly.GetManifestResourceStream(Prefix + name) ?? throw new InvalidOperationException($"the build has not embedded {name}");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>One form of a file. The tags of two forms differ, as RFC 9110, section 8.8.3 wants.</summary>
    internal sealed class Variant(string? encoding, byte[] content)
    {
        internal string? Encoding { get; } = encoding;

        internal ReadOnlyMemory<byte> Content { get; } = content;

        internal EntityTagHeaderValue ETag { get; } = new(new StringSegment($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\""));
    }
}
