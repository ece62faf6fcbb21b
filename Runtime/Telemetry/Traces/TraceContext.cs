using System.Diagnostics;

namespace Granary.Telemetry.Traces;

/// <summary>
/// Keeps trace ids on requests while nobody collects traces: ASP.NET Core makes an activity for each request when it logs requests or when somebody listens, and what it makes for logging records everything.
/// This listener wants the ids and nothing else, and what a caller's trace says of itself: that it is sampled goes on, to exemplars and nested calls.
/// </summary>
internal static class TraceContext
{
    internal static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Microsoft.AspNetCore",
            Sample = static (ref ActivityCreationOptions<ActivityContext> options) =>
                (options.Parent.TraceFlags & ActivityTraceFlags.Recorded) != 0 ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.PropagationData,
            SampleUsingParentId = static (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.PropagationData,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
