using System.Diagnostics;
using Granary.Rpc;
using Granary.Statistics;
using Orleans.Runtime;

namespace Granary.Telemetry.Tests.Statistics;

public sealed class CallRecorderTests
{
    private static readonly GrainId s_grain = GrainId.Create("g", "a");

    private readonly CallRecorder _calls = new(new StatisticsOptions { MaximumMethods = 16, MaximumEdges = 16, WatchedGrains = 2, WatchedCalls = 3 }, TimeProvider.System);

    [Fact]
    public async Task Counts_of_many_threads_are_exact_and_a_reader_never_sees_more_ended_than_begun()
    {
        const int Each = 200_000;
        var method = _calls.NumberOf("g", "IG", "M");
        using var stop = new CancellationTokenSource();
        var reader = Task.Factory.StartNew(
            () =>
            {
                var last = (Begun: 0L, Ended: 0L);
                while (!stop.IsCancellationRequested)
                {
                    var now = Read(method);
                    Assert.True(now.Ended <= now.Begun, $"{now.Ended} ended of {now.Begun}");
                    Assert.True(now.Begun >= last.Begun && now.Ended >= last.Ended, "a count went back");
                    last = now;
                }
            },
            TaskCreationOptions.LongRunning);
        var threads = Enumerable.Range(0, 6).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < Each; i++) Run(method);
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        await stop.CancelAsync();
        await reader;
        Assert.Equal((6L * Each, 6L * Each), Read(method));
    }

    [Fact]
    public void Every_call_is_timed_while_they_are_few()
    {
        var method = _calls.NumberOf("g", "IG", "M");
        var timed = 0;
        for (var i = 0; i < 5; i++)
        {
            if (Run(method)) timed++;
            Spin(2.5);
        }

        Assert.Equal(5, timed);
    }

    [Fact]
    public void A_timed_call_stands_for_those_that_were_not()
    {
        const int Calls = 500_000;
        var method = _calls.NumberOf("g", "IG", "M");
        var timed = 0;
        for (var i = 0; i < Calls; i++) timed += Run(method) ? 1 : 0;
        Assert.InRange(timed, 1, Calls / 2);

        // A reader asks for the next one.
        Read(method);
        Assert.True(Run(method));
        var counts = new long[DurationHistogram.Buckets];
        _calls.DurationsOf(method)!.AddTo(counts);
        Assert.Equal(Calls + 1, counts.Sum());
        Assert.Equal(Calls + 1, _calls.Edges.All.Sum(e => e.Value.Calls));
    }

    [Fact]
    public void Calls_that_waited_are_all_timed_and_looked_at_now_and_then()
    {
        const int Calls = 20_000;
        var method = _calls.NumberOf("g", "IG", "M");
        for (var i = 0; i < Calls; i++)
        {
            _calls.OfThread.Begin(method);
            var now = Stopwatch.GetTimestamp();
            _calls.EndedLater(method, now - (Stopwatch.Frequency / 100), now, Facts(null));
        }

        var counts = new long[DurationHistogram.Buckets];
        _calls.DurationsOf(method)!.AddTo(counts);
        Assert.Equal(Calls, counts.Sum());
        Assert.Equal((Calls, Calls), Read(method));
        Assert.InRange(_calls.Edges.All.Sum(e => e.Value.Calls), 1, Calls);
    }

    [Fact]
    public void Threads_that_end_leave_their_counts_and_their_memory_to_others()
    {
        var method = _calls.NumberOf("g", "IG", "M");
        const int Threads = 200;
        for (var i = 0; i < Threads; i++)
        {
            var thread = new Thread(() => Run(method));
            thread.Start();
            thread.Join();
            if (i % 10 != 9) continue;
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(Threads, Read(method).Ended);
        Assert.InRange(_calls.Slabs, 1, Threads / 2);
    }

    [Fact]
    public void Methods_beyond_the_most_are_counted_together()
    {
        var numbers = Enumerable.Range(0, 40).Select(i => _calls.NumberOf("g", "IG", $"M{i}")).ToArray();
        Assert.Equal(14, numbers.Where(n => n != CallRecorder.Other).Distinct().Count());
        Assert.Equal(16, _calls.Methods.Length);
        Assert.Equal(numbers[3], _calls.NumberOf("g", "IG", "M3"));
        foreach (var number in numbers) Run(number);
        Assert.Equal(26, Read(CallRecorder.Other).Ended);
    }

    [Fact]
    public void Pairs_beyond_the_most_are_counted_together()
    {
        var edges = new CallEdges(16);
        for (var i = 0; i < 100; i++) edges.Of(GrainType.Create($"from{i}"), GrainType.Create("to")).Add(1, 0, 1000);
        Assert.Equal(16, edges.All.Count());
        Assert.Equal(85, edges.All.Single(e => e.Key.From.ToString() == "other").Value.Calls);
        Assert.Equal(100, edges.All.Sum(e => e.Value.Calls));
    }

    [Fact]
    public void Errors_are_counted_by_their_code()
    {
        var method = _calls.NumberOf("g", "IG", "M");
        _calls.Failed(method, new TimeoutException());
        _calls.Failed(method, new RpcException(StatusCode.NotFound, "no such thing"));
        _calls.Failed(method, new RpcException(StatusCode.NotFound, "no such thing"));
        _calls.Failed(method, new InvalidOperationException("ours"));
        var errors = _calls.ErrorsOf(method)!;
        Assert.Equal((1, 2, 1), (errors[(int)StatusCode.DeadlineExceeded], errors[(int)StatusCode.NotFound], errors[(int)StatusCode.Internal]));
        Assert.Equal(4, errors.Sum());
    }

    [Fact]
    public void A_grain_that_is_looked_at_keeps_its_last_calls()
    {
        var method = _calls.NumberOf("g", "IG", "M");
        Assert.False(_calls.Watches(s_grain));
        Assert.Empty(_calls.Watch(s_grain));
        Assert.True(_calls.Watches(s_grain));
        for (var i = 1; i <= 5; i++)
        {
            var now = Stopwatch.GetTimestamp();
            var slab = _calls.OfThread;
            slab.Begin(method);
            _calls.EndedAtOnce(slab, method, now - (i * Stopwatch.Frequency), now, Facts(null));
        }

        Assert.Equal([5.0, 4, 3], _calls.Watch(s_grain).Select(c => Math.Round(c.Nanoseconds / 1e9)));

        // Of three, the one looked at longest ago gives way.
        _calls.Watch(GrainId.Create("g", "b"));
        _calls.Watch(GrainId.Create("g", "c"));
        Assert.False(_calls.Watches(s_grain));
        Assert.True(_calls.Watches(GrainId.Create("g", "b")));
    }

    [Fact]
    public void Sizes_outside_their_bounds_are_refused_with_the_key_and_what_to_write()
    {
        var faults = new StatisticsOptions { MaximumMethods = 3, WatchedCalls = 0 }.Faults();
        Assert.Equal(2, faults.Count);
        Assert.Equal("Granary:Statistics:MaximumMethods is 3. Write a number from 16 to 10000; 1024 is the default.", faults[0]);
        Assert.Empty(new StatisticsOptions().Faults());
    }

    private static CallFacts Facts(Exception? error) => new(s_grain, GrainId.Create("caller", "x"), 0, default, error);

    private static void Spin(double milliseconds)
    {
        var until = Stopwatch.GetTimestamp() + (long)(milliseconds * Stopwatch.Frequency / 1000);
        while (Stopwatch.GetTimestamp() < until) Thread.SpinWait(10);
    }

    /// <summary>A call that ends at once; whether it was timed.</summary>
    private bool Run(int method)
    {
        var slab = _calls.OfThread;
        if (!slab.Begin(method))
        {
            slab.EndedAtOnce(method);
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        _calls.EndedAtOnce(slab, method, started, Stopwatch.GetTimestamp(), Facts(null));
        return true;
    }

    private (long Begun, long Ended) Read(int method)
    {
        var count = _calls.Methods.Length;
        var (begun, ended) = (new long[count], new long[count]);
        _calls.ReadCounts(begun, ended);
        return (begun[method], ended[method]);
    }
}
