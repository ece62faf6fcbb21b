using System.Diagnostics;
using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Statistics;

/// <summary>A call that has ended.</summary>
/// <param name="Method">Its number in <see cref="CallRecorder.Methods"/>.</param>
/// <param name="Grain">The grain that ran it.</param>
/// <param name="Caller">Who called; default when that is not known.</param>
/// <param name="Nanoseconds">From its start to its end, without the time in the mailbox.</param>
/// <param name="QueuedNanoseconds">The time in the mailbox; -1 when it was not measured.</param>
/// <param name="EndedAt">Unix milliseconds.</param>
/// <param name="TraceId">The trace it belongs to; default for none.</param>
/// <param name="Code">How it ended.</param>
internal readonly record struct EndedCall(int Method, GrainId Grain, GrainId Caller, long Nanoseconds, long QueuedNanoseconds, long EndedAt, ActivityTraceId TraceId, StatusCode Code);

/// <summary>
/// The slowest calls of the last minute: the first few of each ten seconds. Thread-safe; a call that is not among them costs a read and a comparison.
/// </summary>
internal sealed class SlowCalls(int most)
{
    private const int Windows = 6;

    private static readonly long s_length = Stopwatch.Frequency * 10;

    private readonly Lock _lock = new();
    private readonly Window[] _windows = [.. Enumerable.Range(0, Windows).Select(_ => new Window(most))];

    /// <summary>Whether a call that took so long and ends now belongs here.</summary>
    internal bool Wants(long nanoseconds, long now)
    {
        var number = now / s_length;
        var window = _windows[number % Windows];
        return Volatile.Read(ref window.Number) != number || nanoseconds > Volatile.Read(ref window.Least);
    }

    internal void Add(in EndedCall call, long now)
    {
        var number = now / s_length;
        var window = _windows[number % Windows];
        lock (_lock)
        {
            if (window.Number != number) window.Begin(number);
            window.Add(call);
        }
    }

    /// <summary>The slowest, the slowest first.</summary>
    internal EndedCall[] Read(int count, long now)
    {
        var oldest = (now / s_length) - Windows + 1;
        lock (_lock)
        {
            return [.. _windows.Where(w => w.Number >= oldest).SelectMany(w => w.Calls).OrderByDescending(c => c.Nanoseconds).Take(count)];
        }
    }

    private sealed class Window(int most)
    {
        private readonly EndedCall[] _calls = new EndedCall[most];
        private int _count;

        internal long Number = -1;

        /// <summary>What a further call must exceed, nanoseconds.</summary>
        internal long Least = -1;

        internal IEnumerable<EndedCall> Calls => _calls.Take(_count);

        internal void Begin(long number)
        {
            _count = 0;
            Volatile.Write(ref Least, -1);
            Volatile.Write(ref Number, number);
        }

        internal void Add(in EndedCall call)
        {
            if (_count < _calls.Length)
            {
                _calls[_count++] = call;
                if (_count == _calls.Length) Volatile.Write(ref Least, _calls.Min(c => c.Nanoseconds));
                return;
            }

            var least = 0;
            for (var i = 1; i < _count; i++)
            {
                if (_calls[i].Nanoseconds < _calls[least].Nanoseconds) least = i;
            }

            if (call.Nanoseconds <= _calls[least].Nanoseconds) return;
            _calls[least] = call;
            Volatile.Write(ref Least, _calls.Min(c => c.Nanoseconds));
        }
    }
}
