using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Gateway.Idempotency;

/// <summary>The key that a caller gives a call (draft-ietf-httpapi-idempotency-key-header), and what tells two calls apart.</summary>
internal static class IdempotencyKey
{
    /// <summary>The header (metadata) that carries it.</summary>
    internal const string Header = "idempotency-key";

    private const int MaxLength = 255;

    /// <summary>Reads the header's value: as the draft has it, a text in double quotes, or bare.</summary>
    /// <exception cref="RpcException">It is no key.</exception>
    internal static string Parse(string header)
    {
        var text = header.AsSpan().Trim();
        if (text.Length >= 2 && text[0] == '"' && text[^1] == '"') text = text[1..^1];
        if (text.Length is 0 or > MaxLength || text.ContainsAnyExceptInRange('!', '~') || text.Contains('"'))
            throw RpcException.Invalid(Header, $"is not 1 to {MaxLength} visible ASCII characters; a UUID is usual");
        return text.ToString();
    }

    /// <summary>Under which a call is remembered: nobody finds another caller's.</summary>
    internal static string Id(CallerIdentity caller, string key)
    {
        // Lengths first: no subject can be written so that it looks like another one's key.
        var text = $"{caller.Tenant?.Length ?? -1}:{caller.Tenant}{caller.Subject.Length}:{caller.Subject}{key}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Of the method, the grain and the arguments.</summary>
    internal static byte[] Fingerprint(RpcCall call)
    {
        var request = call.Request;
        if (request.Message is { } message)
        {
            // As it would have been read.
            var reader = new WireReader(message);
            request = call.Method.CreateRequest();
            request.Read(ref reader);
        }

        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(1024));
        try
        {
            writer.WriteString(call.Method.ToString());
            writer.WriteString(request.KeyText ?? "");
            request.WriteArguments(ref writer);
            return SHA256.HashData(writer.Written);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }
}
