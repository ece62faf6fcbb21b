using Granary.Calls;
using Granary.Codec;

namespace Granary.Engine.Tests;

/// <summary>The wheel fires each call once, never early, and never one that was taken out.</summary>
public sealed class TimingWheelTests
{
    [Fact]
    public async Task A_call_fires_at_its_deadline_and_not_before()
    {
        using var wheel = new TimingWheel();
        var now = Environment.TickCount64;
        var calls = Enumerable.Range(0, 200).Select(i => new ProbeCall { Deadline = now + (i * 3) }).ToArray();
        foreach (var call in calls) wheel.Add(call);
        await Task.WhenAll(calls.Select(c => c.Fired.Task)).WaitAsync(Gates.Within);
        Assert.All(calls, c => Assert.True(c.FiredAt >= c.Deadline, $"fired {c.Deadline - c.FiredAt} ms early"));
        await Eventually.True(() => wheel.Count == 0, "the wheel is empty");
    }

    [Fact]
    public async Task A_deadline_further_away_than_one_turn_of_the_wheel_does_not_fire_on_the_way()
    {
        using var wheel = new TimingWheel();
        // The same bucket as a near deadline: 512 slots of 16 ms further on.
        var near = new ProbeCall { Deadline = Environment.TickCount64 + 50 };
        var far = new ProbeCall { Deadline = near.Deadline + (512 * TimingWheel.TickMs) };
        wheel.Add(far);
        wheel.Add(near);
        await near.Fired.Task.WaitAsync(Gates.Within);
        Assert.False(far.Fired.Task.IsCompleted);
        Assert.True(wheel.Remove(far));
        Assert.False(wheel.Remove(far));
    }

    [Fact]
    public async Task A_wheel_that_has_gone_to_sleep_wakes_for_the_next_call()
    {
        using var wheel = new TimingWheel();
        for (var round = 0; round < 3; round++)
        {
            // Long enough idle to park.
            await Task.Delay(TimingWheel.TickMs * 80);
            var call = new ProbeCall { Deadline = Environment.TickCount64 + 20 };
            wheel.Add(call);
            await call.Fired.Task.WaitAsync(Gates.Within);
        }
    }

    [Fact]
    public async Task Removing_and_firing_race_to_exactly_one_end()
    {
        using var wheel = new TimingWheel();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            var removed = 0;
            var calls = new List<ProbeCall>();
            for (var i = 0; i < 20_000; i++)
            {
                var call = new ProbeCall { Deadline = Environment.TickCount64 + (i % 3) - 1 };
                wheel.Add(call);
                Thread.SpinWait(i % 50);
                if (wheel.Remove(call))
                {
                    removed++;
                    call.Removed = true;
                }

                calls.Add(call);
            }

            return (removed, calls);
        })));
        await Eventually.True(() => wheel.Count == 0, "the wheel is empty");
        foreach (var (_, calls) in outcomes)
        {
            await Task.WhenAll(calls.Where(c => !c.Removed).Select(c => c.Fired.Task)).WaitAsync(Gates.Within);
            Assert.All(calls, c => Assert.Equal(!c.Removed, c.Fired.Task.IsCompleted));
        }
    }

    private sealed class ProbeCall : Call<int>
    {
        private static readonly CallMethod s_method = new("Probe", 1, () => new ProbeCall());

        static ProbeCall() => _ = new CallInterface(typeof(IDisposable), "Probe", 0, _ => throw new InvalidOperationException(), [s_method]);

        public ProbeCall()
        {
            // As a router shares it, without registering it anywhere.
            State = Shared;
            Sink = new ProbeSink(this);
        }

        internal TaskCompletionSource Fired { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal long FiredAt { get; private set; }

        internal bool Removed { get; set; }

        public override CallMethod Method => s_method;

        protected override ValueTask<int> InvokeAsync(object target) => default;

        public override void WriteArguments(ref WireWriter w)
        {
        }

        public override void ReadArguments(ref WireReader r)
        {
        }

        public override void WriteResult(ref WireWriter w, int value)
        {
        }

        public override int ReadResult(ref WireReader r) => 0;

        protected override void ReturnToPool()
        {
        }

        private void OnFired()
        {
            FiredAt = Environment.TickCount64;
            if (!Fired.TrySetResult()) Assert.Fail("fired twice");
        }

        private sealed class ProbeSink(ProbeCall owner) : CallSink
        {
            private static readonly TimingWheel s_none = new();

            internal override TimingWheel Deadlines => s_none;

            internal override void OnCompleted(Call call) => owner.OnFired();

            internal override bool OnItem(Call call, StreamItemWriter item) => false;

            internal override void OnMoved(Call call, SiloAddress? owner, bool placeThere)
            {
            }

            internal override void CancelHere(Call call)
            {
            }
        }
    }
}
