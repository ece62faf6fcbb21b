namespace Granary.Benchmarks.Local;

/// <summary>Many callers, and turns that run on another thread than the caller's.</summary>
internal sealed class Hops : IBenchmark
{
    private const int CallerCount = 64;

    private static readonly Peer s_orleans = new("Orleans 10.4", 0.6e6, 1.6e6, SameRun: false);

    public string Name => "hop";

    public string About => "calls within a silo, 64 callers, each turn handed to another thread";

    public async Task RunAsync(Session session)
    {
        await using var silo = await LocalSilo.StartAsync();

        var own = await Measurement.RateAsync(session, n => Callers.RunAsync(CallerCount, n, async (caller, calls) =>
        {
            var grain = silo.Grains.GetGrain<ICallGrain>($"own{caller}");
            for (var i = 0; i < calls; i++) await grain.MultiplyLong(7, i);
        }));
        session.Add(Name, "64 callers, a grain each", own, s_orleans, new Budget(4e6));

        var one = await Measurement.RateAsync(session, n => Callers.RunAsync(CallerCount, n, async (_, calls) =>
        {
            var grain = silo.Grains.GetGrain<ICallGrain>("one");
            for (var i = 0; i < calls; i++) await grain.MultiplyLong(7, i);
        }));
        session.Add(Name, "64 callers, one grain", one);

        var yielding = await Measurement.RateAsync(session, n => Callers.RunAsync(CallerCount, n, async (caller, calls) =>
        {
            var grain = silo.Grains.GetGrain<ICallGrain>($"own{caller}");
            for (var i = 0; i < calls; i++) await grain.MultiplyYielding(7, i);
        }));
        session.Add(Name, "64 callers, a grain each that awaits", yielding);
    }
}
