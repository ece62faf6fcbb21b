using System.Diagnostics;

namespace Granary.Telemetry;

/// <summary>
/// Keeps trace ids on requests while nobody collects traces: ASP.NET Core makes an activity for each request when it logs requests or when somebody listens, and what it makes for logging records everything.
/// This listener wants the ids and nothing else.
/// </summary>
internal static class TraceContext
{
    internal static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Microsoft.AspNetCore",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
            SampleUsingParentId = static (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.PropagationData,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
