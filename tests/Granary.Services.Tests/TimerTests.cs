using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Granary.Services.Tests;

/// <summary>What a timer of a grain does, as the test wants it.</summary>
public sealed class TimerScript
{
    public int Ticks;
    public Func<int, CancellationToken, Task> OnTick = (_, _) => Task.CompletedTask;
    public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

public interface ITimedGrain : IGrainWithStringKey
{
    Task Begin(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    Task Change(TimeSpan due, TimeSpan period);

    Task End();

    Task Wait();

    Task Leave();
}

public sealed class TimedGrain(TimerScript script) : Grain, ITimedGrain
{
    private IGrainTimer? _timer;

    public Task Begin(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        _timer = this.RegisterGrainTimer(
            static (state, cancellation) => state.OnTick(Interlocked.Increment(ref state.Ticks), cancellation),
            script,
            new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task End()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task Wait() => script.Open.Task;

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public sealed class TimerTests
{
    // No multiple of a second: the engine's own timers are.
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(1250);

    private readonly ManualTime _time = new();
    private readonly TimerScript _script = new();

    private Task<OneSilo> StartAsync() => OneSilo.StartAsync(s => s.Services.AddSingleton(_script), _time);

    [Fact]
    public async Task A_timer_ticks_when_due_and_then_every_period_from_the_end_of_the_last_tick()
    {
        await using var silo = await StartAsync();
        await silo.Grains.GetGrain<ITimedGrain>("a").Begin(s_beat * 2, s_beat * 5, interleave: false, keepAlive: false);
        _time.Advance(s_beat * 1.9);
        Assert.Equal(0, _script.Ticks);
        _time.Advance(s_beat * 0.1);
        await TicksAsync(1);
        await SetForAsync(s_beat * 5);
        _time.Advance(s_beat * 4.9);
        Assert.Equal(1, _script.Ticks);
        _time.Advance(s_beat * 0.1);
        await TicksAsync(2);
    }

    [Fact]
    public async Task A_tick_waits_for_the_request_that_runs()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        await grain.Begin(s_beat, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        var waiting = grain.Wait();
        await Eventually.HoldsAsync(() => Activation(silo, grain).RunningRequests == 1, "the request runs");
        _time.Advance(s_beat);
        await Eventually.HoldsAsync(() => Activation(silo, grain).QueueLength == 1, "the tick waits");
        Assert.Equal(0, _script.Ticks);
        _script.Open.SetResult();
        await waiting.Within();
        await TicksAsync(1);
    }

    [Fact]
    public async Task An_interleaving_tick_does_not_wait()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        await grain.Begin(s_beat, Timeout.InfiniteTimeSpan, interleave: true, keepAlive: false);
        var waiting = grain.Wait();
        await Eventually.HoldsAsync(() => Activation(silo, grain).RunningRequests == 1, "the request runs");
        _time.Advance(s_beat);
        await TicksAsync(1);
        Assert.False(waiting.IsCompleted);
        _script.Open.SetResult();
        await waiting.Within();
    }

    [Fact]
    public async Task A_request_waits_for_the_tick_that_runs()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        _script.OnTick = (_, _) => _script.Open.Task;
        await grain.Begin(TimeSpan.Zero, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await TicksAsync(1);
        var request = grain.Change(s_beat, s_beat);
        await Eventually.HoldsAsync(() => Activation(silo, grain).QueueLength == 1, "the request waits");
        _script.Open.SetResult();
        await request.Within();
    }

    [Fact]
    public async Task Ticks_do_not_overlap_however_late_they_are()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        _script.OnTick = (_, _) => _script.Open.Task;
        await grain.Begin(s_beat, s_beat, interleave: true, keepAlive: false);
        _time.Advance(s_beat * 10);
        await TicksAsync(1);
        Assert.Equal(1, Activation(silo, grain).RunningRequests);
        _script.Open.SetResult();
        await SetForAsync(s_beat);
        _time.Advance(s_beat);
        await TicksAsync(2);
    }

    [Fact]
    public async Task A_changed_timer_follows_the_new_times()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        await grain.Begin(s_beat, s_beat, interleave: false, keepAlive: false);
        await grain.Change(s_beat * 100, Timeout.InfiniteTimeSpan);
        _time.Advance(s_beat * 99);
        Assert.Equal(0, _script.Ticks);
        _time.Advance(s_beat);
        await TicksAsync(1);
        await IdleAsync(silo);
        _time.Advance(s_beat * 1000);
        Assert.Equal(1, _script.Ticks);
    }

    [Fact]
    public async Task A_disposed_timer_ticks_no_more_and_a_running_tick_is_told()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _script.OnTick = async (_, cancellation) =>
        {
            await using var registration = cancellation.Register(() => told.TrySetResult());
            await told.Task;
            cancellation.ThrowIfCancellationRequested();
        };
        await grain.Begin(s_beat, s_beat, interleave: true, keepAlive: false);
        _time.Advance(s_beat);
        await TicksAsync(1);
        await grain.End().Within();
        await told.Task.Within();
        await IdleAsync(silo);
        _time.Advance(s_beat * 10);
        Assert.Equal(1, _script.Ticks);
        Assert.Empty(silo.Log.From(LogLevel.Warning));
    }

    [Fact]
    public async Task A_tick_that_fails_is_logged_and_the_timer_goes_on()
    {
        await using var silo = await StartAsync();
        _script.OnTick = (tick, _) => tick == 1 ? throw new InvalidOperationException("tick trouble") : Task.CompletedTask;
        await silo.Grains.GetGrain<ITimedGrain>("a").Begin(s_beat, s_beat, interleave: false, keepAlive: false);
        _time.Advance(s_beat);
        await TicksAsync(1);
        await SetForAsync(s_beat);
        _time.Advance(s_beat);
        await TicksAsync(2);
        Assert.Contains(silo.Log.From(LogLevel.Error), line => line.Contains("tick trouble", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tick_that_waits_when_the_grain_leaves_never_runs_and_activates_nothing()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        await grain.Begin(s_beat, s_beat, interleave: false, keepAlive: false);
        var waiting = grain.Wait();
        await Eventually.HoldsAsync(() => Activation(silo, grain).RunningRequests == 1, "the request runs");
        var activation = Activation(silo, grain);
        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "test"));
        _script.Open.SetResult();
        await waiting.Within();
        await activation.Deactivated.Within();
        _time.Advance(s_beat * 10);
        Assert.Equal(0, _script.Ticks);
        Assert.Null(silo.Core.Table.Find(grain.GetGrainId()));
    }

    [Fact]
    public async Task A_timer_for_longer_than_the_platforms_timers_reach_waits_its_time()
    {
        await using var silo = await StartAsync();
        await silo.Grains.GetGrain<ITimedGrain>("a").Begin(TimeSpan.FromDays(100), Timeout.InfiniteTimeSpan, interleave: false, keepAlive: true);
        // The grain would be collected meanwhile; it is kept.
        Activation(silo, silo.Grains.GetGrain<ITimedGrain>("a")).Extras.KeepAliveUntil = long.MaxValue;
        _time.Advance(TimeSpan.FromDays(99));
        Assert.Equal(0, _script.Ticks);
        _time.Advance(TimeSpan.FromDays(1));
        await TicksAsync(1);
    }

    private static Granary.Engine.Activations.Activation Activation(OneSilo silo, IAddressable grain) => silo.Core.Table.Find(grain.GetGrainId())!;

    private Task TicksAsync(int count) => Eventually.HoldsAsync(() => Volatile.Read(ref _script.Ticks) == count, $"{count} ticks");

    /// <summary>The tick has ended and the next one is set.</summary>
    private Task SetForAsync(TimeSpan time) => Eventually.HoldsAsync(() => _time.IsSetFor(time), $"the next tick is {time} away");

    private static async Task IdleAsync(OneSilo silo) =>
        await Eventually.HoldsAsync(() => silo.Core.Table.All().All(a => a.RunningRequests == 0 && a.QueueLength == 0), "nothing runs");
}
