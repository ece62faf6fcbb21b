using System.Diagnostics;
using Granary.Calls;
using Granary.Engine.Filters;

namespace Granary.Engine.Activations;

/// <summary>Calls that filters or traces look at.</summary>
internal sealed partial class Activation
{
    private bool InvokeObserved(Call call)
    {
        if ((call.Method.Flags & CallFlags.Engine) != 0) return call.Start(Instance);

        if (EngineTelemetry.HasSpans(call) && EngineTelemetry.Source.StartActivity(call.Method.FullName, ActivityKind.Server, call.TraceParent) is { } span)
        {
            EngineTelemetry.Describe(span, call);
            call.Span = span;
        }

        if (!Class.HasFilters && Silo.IncomingFilters.Count == 0) return call.Start(Instance);

        var run = IncomingCallPath.RunAsync(this, call);
        if (run.IsCompleted) return true;
        call.Share();
        run.GetAwaiter().UnsafeOnCompleted(() => Finished(call));
        return false;
    }
}
