using Granary.Rpc;

namespace Granary.Samples;

/// <summary>
/// Who is calling, as the gateway authenticated it. It travels with every nested call in the request context, sealed (<see cref="RpcCaller"/>); callers outside the cluster cannot set it.
/// </summary>
internal static class Caller
{
    /// <summary>The caller's subject; null for callers without credentials and for calls that began inside the cluster.</summary>
    public static string? Subject => RpcCaller.Current is { IsAuthenticated: true } caller ? caller.Subject : null;

    /// <summary>Whether the call began inside the cluster or comes from an administrator.</summary>
    public static bool IsTrusted => RpcCaller.Current is not { } caller || caller.IsInRole("admin");

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
