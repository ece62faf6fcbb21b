using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Granary.Rpc;

/// <summary>
/// Seals who calls, so that an identity which was not written by a process that knows the cluster's secret, or was changed on its way, is noticed where a grain looks at it: <c>1.payload.mac</c>, the payload JSON in
/// base64url, the mac the first 16 bytes of its HMAC-SHA256 under a key derived from the secret (HKDF, RFC 5869). Without a secret it is <c>0.payload</c>, which only processes without a secret take. It does not
/// bind an identity to one call, and cannot: whoever has the secret can begin calls anyway. Thread-safe.
/// </summary>
public sealed class CallerSeal
{
    private const int MacBytes = 16;
    private const int MaxOpened = 10_000;
    private const int MaxLength = 64 * 1024;
    private const string Sealed = "1.";
    private const string Plain = "0.";

    private readonly byte[]? _key;

    // What was opened once: a caller's text is the same for all its calls.
    private readonly ConcurrentDictionary<string, RpcCaller> _opened = new(StringComparer.Ordinal);
    private int _count;

    /// <param name="secret">The cluster's secret; null without one.</param>
    public CallerSeal(string? secret) =>
        _key = string.IsNullOrEmpty(secret) ? null : HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "granary caller seal 1"u8.ToArray());

    /// <summary>The seal of this process.</summary>
    public static CallerSeal OfProcess { get; private set; } = new(null);

    /// <summary>From now on this process seals, and takes, by this secret. For the start of a host, before its first call.</summary>
    public static void UseSecret(string? secret) => OfProcess = new CallerSeal(secret);

    /// <summary>The caller as a text for <see cref="RpcCaller.ContextKey"/>. Worth keeping: it costs some microseconds.</summary>
    public string Seal(RpcCaller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("s"u8, caller.Subject);
            Write(json, "r", caller.Roles);
            Write(json, "o", caller.Scopes);
            if (caller.Tenant is not null) json.WriteString("t"u8, caller.Tenant);
            if (caller.Region is not null) json.WriteString("g"u8, caller.Region);
            json.WriteEndObject();
        }

        var payload = Base64Url.EncodeToString(buffer.WrittenSpan);
        return _key is null ? Plain + payload : $"{Sealed}{payload}.{Base64Url.EncodeToString(Mac(_key, payload))}";
    }

    /// <summary>The caller that a text says; null when it was not sealed so. No allocation for a text that was opened before.</summary>
    public RpcCaller? Open(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_opened.TryGetValue(text, out var known)) return known;
        if (text.Length > MaxLength || Payload(text) is not { } payload || Read(payload) is not { } caller) return null;
        if (Interlocked.Increment(ref _count) > MaxOpened)
        {
            _opened.Clear();
            Volatile.Write(ref _count, 1);
        }

        _opened[text] = caller;
        return caller;
    }

    private static byte[] Mac(byte[] key, string payload) => HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(payload))[..MacBytes];

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static RpcCaller? Read(string payload)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(payload), new JsonDocumentOptions { MaxDepth = 4 });
            var root = document.RootElement;
            return new RpcCaller(root.GetProperty("s").GetString() ?? "", Texts(root, "r"), Texts(root, "o"), Text(root, "t"), Text(root, "g"));
        }
        catch (Exception exception) when (exception is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string[] Texts(JsonElement root, string name) => root.TryGetProperty(name, out var values) ? [.. values.EnumerateArray().Select(v => v.GetString() ?? "")] : [];

    // What is sealed as this process seals; null for everything else.
    private string? Payload(string text)
    {
        if (_key is null) return text.StartsWith(Plain, StringComparison.Ordinal) ? text[Plain.Length..] : null;
        var dot = text.LastIndexOf('.');
        if (!text.StartsWith(Sealed, StringComparison.Ordinal) || dot < Sealed.Length) return null;
        var payload = text[Sealed.Length..dot];
        Span<byte> mac = stackalloc byte[MacBytes];
        var said = text.AsSpan(dot + 1);
        return said.Length == Base64Url.GetEncodedLength(MacBytes) && Base64Url.TryDecodeFromChars(said, mac, out var count) && count == MacBytes && CryptographicOperations.FixedTimeEquals(mac, Mac(_key, payload)) ? payload : null;
    }
}
