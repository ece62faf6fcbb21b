using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Samples.Tests;

/// <summary>Makes calls as the gateway would for a caller it authenticated.</summary>
internal static class As
{
    public static IDisposable User(string subject) => new Identity(subject, "user");

    public static IDisposable Admin(string subject) => new Identity(subject, "admin");

    private sealed class Identity : IDisposable
    {
        public Identity(string subject, string roles)
        {
            RequestContext.Set(RpcCaller.ContextKey, CallerSeal.OfProcess.Seal(new RpcCaller(subject, [roles])));
        }

        public void Dispose() => RequestContext.Clear();
    }
}
