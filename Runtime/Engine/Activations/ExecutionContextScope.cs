using Granary.Calls;
using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>
/// Turns begin with a clean <see cref="ExecutionContext"/> into which only what travels with the call is put: request context, a chosen deadline, the trace.
/// So a grain sees the same whether its turn runs on its caller's thread, another thread or another machine.
/// </summary>
internal static class ExecutionContextScope
{
    private static readonly ExecutionContext s_clean = CaptureClean();

    /// <summary>Whether the current thread has nothing ambient, so that a call has nothing to carry.</summary>
    internal static bool IsClean => ReferenceEquals(ExecutionContext.Capture(), s_clean);

    /// <summary>Before a turn in place: puts the caller's context aside. Null when there was nothing to put aside.</summary>
    internal static ExecutionContext? Leave()
    {
        var current = ExecutionContext.Capture();
        if (current is null || ReferenceEquals(current, s_clean)) return null;
        ExecutionContext.Restore(s_clean);
        return current;
    }

    /// <summary>After a turn in place: the caller's context again.</summary>
    internal static void Return(ExecutionContext? ambient)
    {
        if (ambient is not null) ExecutionContext.Restore(ambient);
        else Clear();
    }

    /// <summary>After a turn or continuation: nothing of it stays on the thread.</summary>
    internal static void Clear()
    {
        if (!IsClean) ExecutionContext.Restore(s_clean);
    }

    /// <summary>Puts what travels with the call in place.</summary>
    internal static void Enter(Call call)
    {
        if (call.Context is { } context) RequestContext.Current = context;
        if (call.DeadlineIsExplicit) RpcDeadline.Current = call.Deadline;
    }

    private static ExecutionContext CaptureClean()
    {
        ExecutionContext? clean = null;
        var thread = new Thread(() => clean = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return clean!;
    }
}
