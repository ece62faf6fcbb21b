using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Framing;

/// <summary>The bound on keys that come in a message.</summary>
internal static class KeyLength
{
    /// <exception cref="RpcException">The key is too long.</exception>
    public static void CheckKeyLength(this RpcRequest request, LimitOptions limits)
    {
        // Only keys with a text in them can be long.
        if (request.Method.Service.Key is not (RpcKeyKind.Integer or RpcKeyKind.Guid) && request.KeyText is { } key && key.Length > limits.KeyLength)
            throw RpcException.Invalid("key", $"longer than {limits.KeyLength} characters");
    }
}
