using System.Diagnostics;

namespace Granary.Rpc;

/// <summary>
/// The trace (W3C Trace Context) that the running code belongs to. Where traces are collected that is the current <see cref="Activity"/>'s. Where they are not, calls have no activities, for those would cost each of them;
/// their trace travels with them all the same and can be asked for here, so that log lines have it.
/// </summary>
public static class RpcTrace
{
    private static Func<ActivityContext>? s_ofCall;

    /// <summary>The trace and the span that the code runs under: of the current activity, else of the grain call whose turn it is; <c>default</c> outside of both.</summary>
    public static ActivityContext Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Context : s_ofCall?.Invoke() ?? default;

    /// <summary>For an engine: says how the trace of the grain call that runs on this thread is found. Must be quick, and must not throw.</summary>
    public static void FindBy(Func<ActivityContext> ofCall) => s_ofCall = ofCall;
}
