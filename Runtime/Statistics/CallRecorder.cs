using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Statistics;

/// <summary>One grain method as it is counted.</summary>
/// <param name="GrainType">The type in ids of its grains; empty for all others together.</param>
/// <param name="Interface">The full name of the C# interface.</param>
/// <param name="Method">The method's name.</param>
public sealed record RecordedMethod(string GrainType, string Interface, string Method);

/// <summary>
/// What one silo keeps of the calls it runs, in memory of a fixed size (<see cref="StatisticsOptions"/>). Thread-safe.
/// </summary>
/// <remarks>
/// Counts (calls begun and ended, errors by code) are exact. Durations, edges, hot grains and slow calls come from the calls that are timed: each one that had to wait, and as many of those that ended at once as
/// <see cref="CallSlab"/> says. A silo begins a call with <see cref="CallSlab.Begin"/> on its thread's slab and ends it with one of the <c>Ended</c> methods. Budget of a call that is not timed: some three
/// nanoseconds, no allocation, no shared write.
/// </remarks>
public sealed class CallRecorder
{
    /// <summary>The number of the method that stands for all for which there is no room.</summary>
    public const int Other = 1;

    private static readonly long s_watchIdle = Stopwatch.Frequency * 60;
    private static readonly double s_nanoseconds = 1e9 / Stopwatch.Frequency;

    [ThreadStatic]
    private static CallSlab? t_slab;

    [ThreadStatic]
    private static SlabHolder? t_holder;

    private readonly Lock _lock = new();
    private readonly StatisticsOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<RecordedMethod, int> _numbers = new();
    private readonly RecordedMethod[] _methods;
    private readonly DurationHistogram?[] _durations;
    private readonly long[]?[] _errors;
    private readonly ConcurrentStack<CallSlab> _free = new();
    private readonly HotGrains _hot;
    private readonly CallEdges _edges;
    private readonly SlowCalls _slow;
    private CallSlab[] _slabs = [];
    private int _count = Other + 1;
    private WatchedGrains? _watched;

    public CallRecorder(StatisticsOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = time;
        _methods = new RecordedMethod[options.MaximumMethods];
        _durations = new DurationHistogram?[options.MaximumMethods];
        _errors = new long[]?[options.MaximumMethods];
        _hot = new HotGrains(options.HotGrainCounters);
        _edges = new CallEdges(options.MaximumEdges);
        _slow = new SlowCalls(options.SlowestCalls);

        // Number 0 is nobody's, so that an empty table says "not looked up yet".
        _methods[0] = _methods[Other] = new RecordedMethod("", "", "other");
    }

    /// <summary>Tells this recorder's numbers of methods from those of another process, or of the one before in this place.</summary>
    public string Epoch { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The methods by number; 0 is never used and 1 is <see cref="Other"/>.</summary>
    internal ReadOnlySpan<RecordedMethod> Methods => _methods.AsSpan(0, Volatile.Read(ref _count));

    internal CallEdges Edges => _edges;

    /// <summary>As many as there were threads at a time.</summary>
    internal int Slabs => Volatile.Read(ref _slabs).Length;

    /// <summary>Whether somebody looks at this grain, so that each of its calls is to be timed and its wait in the mailbox too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Watches(GrainId grain) => _watched is { } watched && watched.Contains(grain);

    /// <summary>This thread's counts.</summary>
    public CallSlab OfThread
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => t_slab is { } slab && ReferenceEquals(slab.Owner, this) ? slab : FindSlab();
    }

    /// <summary>The number under which a method is counted, for good; 0 when it is not counted, being Granary's own. Not on the path of a call: keep it.</summary>
    public int NumberOf(string grainType, string interfaceName, string method)
    {
        ArgumentNullException.ThrowIfNull(grainType);
        if (grainType.StartsWith("granary.", StringComparison.Ordinal)) return 0;
        var key = new RecordedMethod(grainType, interfaceName, method);
        if (_numbers.TryGetValue(key, out var number)) return number;
        lock (_lock)
        {
            if (_numbers.TryGetValue(key, out number)) return number;
            if (_count == _methods.Length) return Other;
            number = _count;
            _methods[number] = key;
            Volatile.Write(ref _count, number + 1);
            return _numbers[key] = number;
        }
    }

    /// <summary>A timed call ended on the thread it began on, without waiting.</summary>
    /// <param name="slab">The thread's.</param>
    /// <param name="method">Its number.</param>
    /// <param name="started">Its beginning, timestamp.</param>
    /// <param name="now">Its end.</param>
    /// <param name="call">What else is known.</param>
    public void EndedAtOnce(CallSlab slab, int method, long started, long now, in CallFacts call)
    {
        ArgumentNullException.ThrowIfNull(slab);
        slab.EndedAtOnce(method);
        Look(method, now - started, slab.Weight(method, now), now, call);
    }

    /// <summary>A call that had to wait has ended.</summary>
    /// <inheritdoc cref="EndedAtOnce"/>
    public void EndedLater(int method, long started, long now, in CallFacts call)
    {
        var weight = OfThread.EndedLater(method, now);
        Duration(method).Record(Nanoseconds(now - started), 1);
        Keep(method, Nanoseconds(now - started), weight, now, call);
    }

    /// <summary>A call has ended with an error.</summary>
    public void Failed(int method, Exception error)
    {
        var errors = Volatile.Read(ref _errors[method]) ?? Interlocked.CompareExchange(ref _errors[method], new long[17], null) ?? _errors[method]!;
        Interlocked.Increment(ref errors[(int)CodeOf(error)]);
    }

    /// <summary>From now on, for a minute after each time it is asked for, the calls of this grain are kept one by one. What has been kept, the newest first.</summary>
    internal EndedCall[] Watch(GrainId grain)
    {
        var now = Stopwatch.GetTimestamp();
        LastCalls calls;
        lock (_lock)
        {
            calls = _watched?.Find(grain) ?? (_watched = (_watched ?? new WatchedGrains()).With(grain, _options.WatchedGrains, _options.WatchedCalls, now, s_watchIdle)).Find(grain)!;
            Volatile.Write(ref calls.LookedAt, now);
        }

        return calls.Read();
    }

    /// <summary>The sum over all threads, by method number: what has ended is read before what has begun, so the difference is never negative.</summary>
    internal void ReadCounts(Span<long> begun, Span<long> ended)
    {
        var slabs = Volatile.Read(ref _slabs);
        foreach (var slab in slabs)
        {
            for (var i = 0; i < ended.Length; i++) ended[i] += slab.Ended(i);
        }

        Interlocked.MemoryBarrier();
        slabs = Volatile.Read(ref _slabs);
        foreach (var slab in slabs)
        {
            for (var i = 0; i < begun.Length; i++) begun[i] += slab.Begun(i);
            slab.Wake();
        }

        if (_watched is null) return;
        lock (_lock) _watched = _watched?.Without(Stopwatch.GetTimestamp(), s_watchIdle);
    }

    internal DurationHistogram? DurationsOf(int method) => Volatile.Read(ref _durations[method]);

    /// <summary>Errors by code; null for none.</summary>
    internal long[]? ErrorsOf(int method) => Volatile.Read(ref _errors[method]);

    internal List<(GrainId Grain, double PerSecond)> HotGrains(int most) => _hot.Read(most, Stopwatch.GetTimestamp());

    internal EndedCall[] Slowest(int most) => _slow.Read(most, Stopwatch.GetTimestamp());

    private static long Nanoseconds(long ticks) => (long)(ticks * s_nanoseconds);

    private static StatusCode CodeOf(Exception error) => RpcStatus.Known(RpcStatus.Describe(error).Code);

    private void Look(int method, long ticks, long weight, long now, in CallFacts call)
    {
        var nanoseconds = Nanoseconds(ticks);
        Duration(method).Record(nanoseconds, weight);
        Keep(method, nanoseconds, weight, now, call);
    }

    private void Keep(int method, long nanoseconds, long weight, long now, in CallFacts call)
    {
        if (weight > 0)
        {
            _hot.Add(call.Grain, weight, now);
            _edges.Of(call.Caller.Type, call.Grain.Type).Add(weight, call.Error is null ? 0 : weight, nanoseconds);
        }

        var isSlow = _slow.Wants(nanoseconds, now);
        var watching = _watched?.Find(call.Grain);
        if (!isSlow && watching is null) return;
        var ended = new EndedCall(
            method, call.Grain, call.Caller, nanoseconds, call.QueuedAt == 0 ? -1 : Math.Max(0, Nanoseconds(now - call.QueuedAt) - nanoseconds),
            _time.GetUtcNow().ToUnixTimeMilliseconds(), call.TraceId, call.Error is null ? StatusCode.Ok : CodeOf(call.Error));
        if (isSlow) _slow.Add(ended, now);
        watching?.Add(ended);
    }

    private DurationHistogram Duration(int method) =>
        Volatile.Read(ref _durations[method]) ?? Interlocked.CompareExchange(ref _durations[method], new DurationHistogram(), null) ?? _durations[method]!;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CallSlab FindSlab()
    {
        var holder = t_holder ??= new SlabHolder();
        return t_slab = holder.Of(this);
    }

    private CallSlab TakeSlab()
    {
        if (_free.TryPop(out var slab)) return slab;
        slab = new CallSlab(this);
        lock (_lock) Volatile.Write(ref _slabs, [.. _slabs, slab]);
        return slab;
    }

    /// <summary>The slabs of a thread, one for each silo of the process; when the thread is gone the garbage collector finds this, and they go to other threads.</summary>
    private sealed class SlabHolder
    {
        private readonly Dictionary<CallRecorder, CallSlab> _slabs = [];

        ~SlabHolder()
        {
            // Recorders know their slabs, so these are alive.
            foreach (var slab in _slabs.Values) slab.Owner._free.Push(slab);
        }

        internal CallSlab Of(CallRecorder recorder)
        {
            if (!_slabs.TryGetValue(recorder, out var slab)) _slabs.Add(recorder, slab = recorder.TakeSlab());
            return slab;
        }
    }
}

/// <summary>What is known of a call that has ended, besides its times.</summary>
/// <param name="Grain">The grain that ran it.</param>
/// <param name="Caller">The grain or client that called; default when that is not known.</param>
/// <param name="QueuedAt">When it came into the mailbox, timestamp; 0 when that was not measured.</param>
/// <param name="TraceId">Its trace; default for none.</param>
/// <param name="Error">What it ended with; null for a result.</param>
public readonly record struct CallFacts(GrainId Grain, GrainId Caller, long QueuedAt, ActivityTraceId TraceId, Exception? Error);
