using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>Who is calling, as the gateway authenticated it. It travels with every nested call in the <see cref="RequestContext"/>.</summary>
internal static class Caller
{
    /// <summary>The caller's subject; null for calls that began inside the cluster.</summary>
    public static string? Subject => RequestContext.Get("granary.subject") as string;

    /// <summary>Whether the call began inside the cluster or comes from an administrator.</summary>
    public static bool IsTrusted => Subject is null || (RequestContext.Get("granary.roles") as string ?? "").Split(',').Contains("admin");

    /// <summary>Refuses a caller who is neither the owner nor trusted.</summary>
    /// <exception cref="RpcException">PermissionDenied.</exception>
    public static void MustOwn(string account)
    {
        if (!IsTrusted && Subject != account)
        {
            throw new RpcException(StatusCode.PermissionDenied, $"'{account}' belongs to somebody else; you are '{Subject}'");
        }
    }
}
