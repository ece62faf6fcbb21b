namespace Granary.Engine.Tests;

/// <summary>Invariant 1: one turn at a time for each activation; requests interleave only where an attribute says so.</summary>
public sealed class TurnTests(LocalSilo silo) : IClassFixture<LocalSilo>
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_request_runs_to_completion_before_the_next_begins()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        var next = grain.Touch();
        // A read-only call is no exception beside a writing one. Its turn is what the grain's mailbox offers first if the rule is missing.
        var reading = grain.Read();
        await Drained();
        Assert.False(next.IsCompleted);
        Assert.False(reading.IsCompleted);
        Gates.Get(_key).Open();
        Assert.Equal(1, await held.WaitAsync(Gates.Within));
        Assert.Equal(2, await next.WaitAsync(Gates.Within));
        Assert.Equal(2, await reading.WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task Requests_from_many_threads_never_overlap()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var overlaps = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var most = 0;
            for (var i = 0; i < 300; i++) most = Math.Max(most, await grain.Overlap());
            return most;
        })));
        Assert.All(overlaps, most => Assert.Equal(1, most));
    }

    [Fact]
    public async Task What_many_threads_post_runs_one_at_a_time_and_none_is_lost()
    {
        // Each burst ends with the mailbox empty, so that the last push meets the turn being given up.
        for (var i = 0; i < 20; i++)
        {
            var grain = silo.Grains.GetGrain<ITurnGrain>($"{_key}-{i}");
            Assert.Equal(0, await grain.PostFromManyThreads(4, 500).WaitAsync(Gates.Within));
        }
    }

    [Fact]
    public async Task Turns_of_interleaving_requests_never_run_at_the_same_moment()
    {
        var grain = silo.Grains.GetGrain<IReentrantGrain>(_key);
        var overlapped = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(grain.LeaveAndReturn)));
        Assert.DoesNotContain(true, overlapped);
    }

    [Fact]
    public async Task Read_only_requests_interleave_with_each_other_and_not_with_others()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var held = grain.HoldReading(_key);
        await Gates.Get(_key).Arrival();
        Assert.Equal(0, await grain.Read().WaitAsync(Gates.Within));
        var writing = grain.Touch();
        await Drained();
        Assert.False(writing.IsCompleted);
        Gates.Get(_key).Open();
        Assert.Equal(0, await held.WaitAsync(Gates.Within));
        Assert.Equal(1, await writing.WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task An_always_interleaving_request_passes_a_running_one_and_those_that_wait()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        var waiting = grain.Touch();
        Assert.Equal(0, await grain.Peek().WaitAsync(Gates.Within));
        Assert.False(waiting.IsCompleted);
        Gates.Get(_key).Open();
        await Task.WhenAll(held, waiting).WaitAsync(Gates.Within);
    }

    [Fact]
    public async Task A_reentrant_grain_takes_requests_while_one_waits()
    {
        var grain = silo.Grains.GetGrain<IReentrantGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        Assert.Equal(1, await grain.Touch().WaitAsync(Gates.Within));
        Gates.Get(_key).Open();
        await held.WaitAsync(Gates.Within);
    }

    [Fact]
    public async Task A_predicate_decides_by_the_arguments_which_requests_interleave()
    {
        var grain = silo.Grains.GetGrain<IPredicateGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        Assert.Equal(3, await grain.Add(3).WaitAsync(Gates.Within));
        var big = grain.Add(30);
        await Drained();
        Assert.False(big.IsCompleted);
        Gates.Get(_key).Open();
        Assert.Equal(33, await big.WaitAsync(Gates.Within));
        await held.WaitAsync(Gates.Within);
    }

    [Fact]
    public async Task A_call_chain_may_come_back_only_where_it_was_allowed()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var other = silo.Grains.GetGrain<ITurnGrain>(_key + "-other");
        Assert.Equal(1, await grain.CallBackThrough(other, allow: true).WaitAsync(Gates.Within));

        using var soon = new CancellationTokenSource();
        using (Rpc.RpcDeadline.Within(TimeSpan.FromMilliseconds(300)))
        {
            // Without permission it is a deadlock that the deadline resolves.
            await Assert.ThrowsAsync<TimeoutException>(() => grain.CallBackThrough(other, allow: false));
        }
    }

    [Fact]
    public async Task A_request_waits_for_continuations_that_run_elsewhere()
    {
        var grain = silo.Grains.GetGrain<ITurnGrain>(_key);
        var overlapped = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(grain.LeaveAndReturn)));
        Assert.DoesNotContain(true, overlapped);
    }

    /// <summary>Lets the silo run whatever it could run: a call to another grain goes through the same thread pool after it.</summary>
    private async Task Drained()
    {
        for (var i = 0; i < 20; i++)
        {
            await silo.Grains.GetGrain<ITurnGrain>($"{_key}-probe").Overlap();
        }
    }
}
