using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Granary.Statistics;
using Orleans;

namespace Granary.Telemetry.Statistics;

/// <summary>Feeds the recorder on an engine that does not do it by itself. A method counts as waiting when its task is not complete at once.</summary>
internal sealed class RecordingFilter(CallRecorder calls) : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<(Orleans.Runtime.GrainType Type, MethodInfo Method), int> _numbers = new();

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var number = context.Grain is SiloStatistics || context.InterfaceMethod is not { } method
            ? 0
            : _numbers.GetOrAdd((context.TargetId.Type, method), static (key, calls) => calls.NumberOf(key.Type.ToString()!, key.Method.DeclaringType!.FullName!, key.Method.Name), calls);
        if (number == 0)
        {
            await context.Invoke();
            return;
        }

        var counts = calls.OfThread;
        counts.Begin(number);
        var started = Stopwatch.GetTimestamp();
        Exception? error = null;
        var atOnce = false;
        try
        {
            var running = context.Invoke();
            atOnce = running.IsCompleted;
            await running;
        }
        catch (Exception failure)
        {
            error = failure;
            calls.Failed(number, failure);
            throw;
        }
        finally
        {
            var facts = new CallFacts(context.TargetId, context.SourceId ?? default, 0, Activity.Current?.TraceId ?? default, error);
            var now = Stopwatch.GetTimestamp();
            if (atOnce) calls.EndedAtOnce(counts, number, started, now, facts);
            else calls.EndedLater(number, started, now, facts);
        }
    }
}
