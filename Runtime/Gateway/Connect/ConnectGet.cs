using System.Buffers.Text;
using System.Text;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Connect;

/// <summary>The message of a call by GET, which is in the query: <c>encoding</c>, <c>message</c>, and if wanted <c>base64=1</c>, <c>compression</c>, <c>connect=v1</c>.</summary>
internal readonly record struct ConnectGet(MessageFormat Format, byte[] Message, string? Compression)
{
    /// <exception cref="RpcException">The query is no such call; it says what is accepted.</exception>
    public static ConnectGet Read(IQueryCollection query)
    {
        if (query["connect"] is { Count: > 0 } version && version != "v1") throw RpcException.Invalid("connect", $"'{version}' is no version of the protocol; v1 is");
        var format = query["encoding"].ToString() switch
        {
            "json" => MessageFormat.Json,
            "proto" => MessageFormat.Proto,
            var other => throw RpcException.Invalid("encoding", $"'{other}' is no encoding; json and proto are"),
        };
        if (query["message"] is not [{ } text]) throw RpcException.Invalid("message", "missing; it is the request message, in base64 where base64=1 says so");
        string? compression = query["compression"];
        return new ConnectGet(format, query["base64"] == "1" ? Decode(text) : Encoding.UTF8.GetBytes(text), compression);
    }

    // Both alphabets, with and without padding.
    private static byte[] Decode(string text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text.Replace('+', '-').Replace('/', '_').TrimEnd('='));
        }
        catch (FormatException)
        {
            throw RpcException.Invalid("message", "is no base64");
        }
    }
}
