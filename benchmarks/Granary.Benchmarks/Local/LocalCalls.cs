using System.Diagnostics;

namespace Granary.Benchmarks.Local;

/// <summary>One caller and a grain whose turn runs on the caller's thread.</summary>
internal sealed class LocalCalls : IBenchmark
{
    /// <summary>Of a finished <c>Task&lt;double&gt;</c>, which the grain method itself makes: header, fields, result.</summary>
    internal const int TaskBytes = 72;

    private static readonly Peer s_orleans = new("Orleans 10.4", 0.4e6, 0.9e6, SameRun: false);

    public string Name => "local";

    public string About => "calls within a silo, one caller, the turn inline: Task, ValueTask, DTO, nested";

    public async Task RunAsync(Session session)
    {
        await using var silo = await LocalSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICallGrain>("a");
        await MeasureCallsAsync(session, grain);
        await MeasureMessagesAsync(session, grain);

        await MeasureCountedAsync(session);

        var nested = await Measurement.RateAsync(session, async n =>
        {
            for (var i = 0; i < n; i++) await grain.MultiplyThere("b", 7, i);
        });
        session.Add(Name, "nested: a grain that calls a grain", nested);

        var callers = await Measurement.RateAsync(session, n => Callers.RunAsync(64, n, async (caller, calls) =>
        {
            var own = silo.Grains.GetGrain<ICallGrain>($"own{caller}");
            for (var i = 0; i < calls; i++) await own.MultiplyValue(7, i);
        }));
        session.Add(Name, "64 callers, a grain each, inline", callers);
    }

    private async Task MeasureCallsAsync(Session session, ICallGrain grain)
    {
        var task = await Measurement.RateAsync(session, async n =>
        {
            for (var i = 0; i < n; i++) await grain.Multiply(7, i);
        });
        session.Add(Name, "Task<double>, 1 caller", task, s_orleans, new Budget(6e6));
        session.Add(Figure.Single(Name, "Task<double>, allocated (1 task)", Unit.Bytes, Math.Round(task.Allocated!.Value), new Peer("Orleans 10.4", 720, 720, SameRun: false), new Budget(TaskBytes)));

        var value = await Measurement.RateAsync(session, async n =>
        {
            for (var i = 0; i < n; i++) await grain.MultiplyValue(7, i);
        });
        session.Add(Name, "ValueTask<double>, 1 caller", value, s_orleans, new Budget(6e6));
        session.Add(Figure.Single(Name, "ValueTask<double>, allocated", Unit.Bytes, Math.Round(value.Allocated!.Value), budget: new Budget(0)));
    }

    /// <summary>What the dashboard's counting costs: rounds without and with it take turns, since a machine is not the same for long.</summary>
    private async Task MeasureCountedAsync(Session session)
    {
        await using var plain = await LocalSilo.StartAsync();
        await using var counted = await LocalSilo.StartAsync(counted: true);
        ICallGrain[] grains = [plain.Grains.GetGrain<ICallGrain>("p"), counted.Grains.GetGrain<ICallGrain>("c")];
        const int Calls = 2_000_000;
        var rounds = session.Rounds * 4;
        double[][] rates = [new double[rounds], new double[rounds]];
        var slowness = new double[rounds];
        foreach (var grain in grains) await CallAsync(grain, Calls);
        for (var round = 0; round < rounds; round++)
        {
            slowness[round] = CpuLoop.Run();
            for (var i = 0; i < 2; i++)
            {
                var which = (round + i) & 1;
                var started = Stopwatch.GetTimestamp();
                await CallAsync(grains[which], Calls);
                rates[which][round] = Calls / Stopwatch.GetElapsedTime(started).TotalSeconds;
            }
        }

        var without = Measurement.Sum(Unit.PerSecond, rates[0], [], slowness);
        session.Add(Name, "ValueTask<double>, not counted", without);
        session.Add(Name, "ValueTask<double>, counted for the dashboard", Measurement.Sum(Unit.PerSecond, rates[1], [], [.. slowness]), new Peer("not counted", rates[0].Min(), rates[0].Max(), SameRun: true));

        static async Task CallAsync(ICallGrain grain, int calls)
        {
            for (var i = 0; i < calls; i++) await grain.MultiplyValue(7, i);
        }
    }

    private async Task MeasureMessagesAsync(Session session, ICallGrain grain)
    {
        var parcel = new Parcel { Sender = "Ada", Receiver = "Grace", Weight = 1.5, Items = [1, 2, 3, 4, 5, 6, 7, 8] };
        var copied = await Measurement.RateAsync(session, async n =>
        {
            for (var i = 0; i < n; i++) await grain.Weigh(parcel);
        });
        session.Add(Name, "mutable DTO in and out (copied)", copied);

        var frozen = new FrozenParcel { Sender = "Ada", Receiver = "Grace", Weight = 1.5, Items = [1, 2, 3, 4, 5, 6, 7, 8] };
        var passed = await Measurement.RateAsync(session, async n =>
        {
            for (var i = 0; i < n; i++) await grain.WeighFrozen(frozen);
        });
        session.Add(Name, "[Immutable] DTO in and out", passed);
    }
}
