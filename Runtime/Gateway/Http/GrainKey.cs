using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>The grain's key from an address.</summary>
internal static class GrainKey
{
    /// <returns>What is wrong with it; null when it is set.</returns>
    public static RpcException? Set(RpcRequest request, string key, int maxLength)
    {
        if (key.Length > maxLength) return RpcException.Invalid("key", $"longer than {maxLength} characters");
        return request.TrySetKey(key) ? null : RpcException.Invalid("key", $"'{key}' is no key of this service; write {Form(request.Method.Service.Key)}");
    }

    private static string Form(RpcKeyKind kind) => kind switch
    {
        RpcKeyKind.Integer => "a whole number of 64 bits",
        RpcKeyKind.Guid => "a GUID with hyphens",
        RpcKeyKind.IntegerCompound => "a whole number of 64 bits, a plus sign (%2B) and a text",
        RpcKeyKind.GuidCompound => "a GUID with hyphens, a plus sign (%2B) and a text",
        _ => "any text",
    };
}
