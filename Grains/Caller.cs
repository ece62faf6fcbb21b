using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// Who is calling, as the gateway authenticated it. It travels with every nested call in the <see cref="RequestContext"/>; callers outside the cluster cannot set it.
/// </summary>
internal static class Caller
{
    // What the gateway sets: the subject (empty for a caller without a token) and the roles, separated by commas. Absent: the call began inside the cluster.
    private const string SubjectKey = "granary.subject";
    private const string RolesKey = "granary.roles";

    /// <summary>The caller's subject; null for callers without a token and for calls that began inside the cluster.</summary>
    public static string? Subject => RequestContext.Get(SubjectKey) is string { Length: > 0 } subject ? subject : null;

    /// <summary>Whether the call began inside the cluster or comes from an administrator.</summary>
    public static bool IsTrusted => RequestContext.Get(SubjectKey) is null
        || (RequestContext.Get(RolesKey) as string ?? "").Split(',').Contains("admin");

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
