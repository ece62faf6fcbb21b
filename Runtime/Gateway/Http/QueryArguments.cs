using Granary.Codec;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>Arguments by name from a query string.</summary>
internal static class QueryArguments
{
    /// <exception cref="JsonFieldException">One is unknown, given twice, or does not fit.</exception>
    public static void Read(ReadOnlySpan<char> query, RpcRequest request)
    {
        if (query.StartsWith("?", StringComparison.Ordinal)) query = query[1..];
        HashSet<string>? seen = null;
        while (!query.IsEmpty)
        {
            var end = query.IndexOf('&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            if (pair.IsEmpty) continue;
            var equals = pair.IndexOf('=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? default : pair[(equals + 1)..];
            if (!PercentText.TryDecode(name, plusIsSpace: true, out var decodedName)) throw new JsonFieldException("query", "a name is not percent-encoded UTF-8");
            if (!PercentText.TryDecode(value, plusIsSpace: true, out var decodedValue)) throw new JsonFieldException(decodedName, "not percent-encoded UTF-8");
            if (!(seen ??= []).Add(decodedName)) throw new JsonFieldException(decodedName, "given twice");
            request.SetArgument(decodedName, decodedValue);
        }
    }
}
