using Granary.Statistics;
using Orleans.Runtime;

namespace Granary.Telemetry.Statistics;

/// <summary>One reading of a silo's counts. All figures of a reading belong together.</summary>
internal sealed class FiguresReader
{
    private static readonly GrainType s_client = GrainType.Create("sys.client");

    private readonly CallRecorder? _calls;

    internal FiguresReader(CallRecorder? calls)
    {
        _calls = calls;
        if (calls is null) return;
        var count = calls.Methods.Length;
        var (begun, ended) = (new long[count], new long[count]);
        calls.ReadCounts(begun, ended);
        var total = new long[DurationHistogram.Buckets];
        var errors = new long[17];
        var durations = new long[DurationHistogram.Buckets];
        for (var i = 1; i < count; i++)
        {
            if (begun[i] == 0) continue;
            Array.Clear(durations);
            calls.DurationsOf(i)?.AddTo(durations);
            for (var b = 0; b < durations.Length; b++) total[b] += durations[b];
            var failed = calls.ErrorsOf(i);
            for (var c = 0; failed is not null && c < errors.Length; c++) errors[c] += Volatile.Read(ref failed[c]);
            Methods.Add(new MethodFigures { Number = i, Begun = begun[i], Ended = ended[i], Errors = failed is null ? [] : [.. failed], Durations = Trim(durations) });
        }

        Total = new MethodFigures { Begun = begun.Sum(), Ended = ended.Sum(), Errors = [.. errors], Durations = Trim(total) };
    }

    /// <summary>All together; null when nothing is counted.</summary>
    internal MethodFigures? Total { get; }

    /// <summary>Those that have been called.</summary>
    internal List<MethodFigures> Methods { get; } = [];

    /// <summary>The methods from a number on.</summary>
    internal List<MethodName> Names(int first)
    {
        List<MethodName> names = [];
        if (_calls is null) return names;
        foreach (var method in _calls.Methods[first..]) names.Add(new MethodName { GrainType = method.GrainType, Interface = method.Interface, Method = method.Method });
        return names;
    }

    internal List<EdgeFigures> Edges()
    {
        List<EdgeFigures> edges = [];
        if (_calls is null) return edges;
        var durations = new long[DurationHistogram.Buckets];
        foreach (var ((from, to), edge) in _calls.Edges.All)
        {
            Array.Clear(durations);
            edge.Durations.AddTo(durations);
            edges.Add(new EdgeFigures
            {
                From = from.IsDefault || from == s_client ? "" : from.ToString()!,
                To = to.ToString()!,
                Calls = edge.Calls,
                Errors = edge.Errors,
                Durations = Trim(durations),
            });
        }

        return edges;
    }

    internal CallFigures Call(EndedCall call)
    {
        var method = _calls!.Methods[call.Method];
        return new CallFigures
        {
            Interface = method.Interface,
            Method = method.Method,
            Grain = call.Grain.ToString(),
            Caller = call.Caller.IsDefault || call.Caller.Type == s_client ? "" : call.Caller.ToString(),
            Milliseconds = call.Nanoseconds / 1e6,
            QueuedMilliseconds = call.QueuedNanoseconds < 0 ? -1 : call.QueuedNanoseconds / 1e6,
            At = call.EndedAt,
            TraceId = call.TraceId == default ? "" : call.TraceId.ToHexString(),
            Code = (int)call.Code,
        };
    }

    private static DurationFigures Trim(long[] counts)
    {
        var first = Array.FindIndex(counts, c => c != 0);
        if (first < 0) return new DurationFigures();
        var last = Array.FindLastIndex(counts, c => c != 0);
        return new DurationFigures { First = first, Counts = [.. counts.AsSpan(first, last - first + 1)] };
    }
}
