using System.Net;

namespace Granary.Benchmarks.Overload;

/// <summary>Half to five times of what a host can do is asked of it, with protection and without: how many calls succeed in time, and how long those take. Draws it too.</summary>
internal sealed class OverloadRun : IBenchmark
{
    /// <summary>About 3 ms on one core: what a call does is most of what it costs, as in services that do something.</summary>
    private const int Turns = 3_000_000;

    private static readonly double[] s_loads = [0.5, 0.8, 1, 1.5, 2, 3, 4, 5];

    public string Name => "overload";

    public string About => "open-loop load of 0.5 to 5 times the capacity, by HTTP/2: calls that succeed within their deadline of a second, and p99 of those that succeed, with load shedding and without";

    public async Task RunAsync(Session session)
    {
        var (guarded, bare) = (await MeasureAsync(session, isProtected: true), await MeasureAsync(session, isProtected: false));
        var (peak, barePeak) = (guarded.Max(r => r.Goodput), bare.Max(r => r.Goodput));
        for (var i = 0; i < s_loads.Length; i++)
        {
            var load = FormattableString.Invariant($"{s_loads[i]:0.0} x capacity");
            session.Add(Figure.Single(Name, $"{load}, {guarded[i].Offered:0}/s offered: in time", Unit.PerSecond, guarded[i].Goodput, new Peer("without", bare[i].Goodput, bare[i].Goodput, SameRun: true)));
            session.Add(Figure.Single(Name, $"{load}, in time, of the most there was", Unit.Times, guarded[i].Goodput / peak, new Peer("without", bare[i].Goodput / barePeak, bare[i].Goodput / barePeak, SameRun: true), s_loads[i] == 3 ? new Budget(0.85) : null));
            session.Add(Figure.Single(Name, $"{load}, p99 of those that succeed", Unit.Milliseconds, guarded[i].P99, new Peer("without", bare[i].P99, bare[i].P99, SameRun: true)));
        }

        var file = session.Quick ? Path.Combine(Path.GetTempPath(), "granary-overload.svg") : Path.Combine(ChildProcess.Repository(), "docs", "overload.svg");
        await File.WriteAllTextAsync(file, OverloadPlot.Draw(s_loads, guarded, bare));
        Console.WriteLine($"  the plot: {file}");
    }

    private async Task<OpenLoopResult[]> MeasureAsync(Session session, bool isProtected)
    {
        var port = ChildProcess.FreePort();
        using var host = ChildProcess.Self(BusyHost.Role, $"{port}", $"{isProtected}");
        using var load = new OpenLoop(port, Turns);
        await Until.AnswersAsync(host, async () => await load.CallAsync(0) == HttpStatusCode.OK);
        await load.CapacityAsync(8, TimeSpan.FromSeconds(session.Quick ? 1 : 3));
        var capacity = await load.CapacityAsync(8, TimeSpan.FromSeconds(session.Quick ? 2 : 5));
        if (capacity == 0) throw new CannotMeasureException("no call succeeded.");
        Console.WriteLine($"  {(isProtected ? "with" : "without")} protection: {capacity:0} calls a second for 8 callers that wait");
        List<OpenLoopResult> results = [];
        foreach (var times in s_loads)
        {
            // The first part is for the host to find its limit.
            var result = await load.RunAsync(capacity * times, TimeSpan.FromSeconds(session.Quick ? 1 : 3), TimeSpan.FromSeconds(session.Quick ? 2 : 10));
            Console.WriteLine(FormattableString.Invariant($"    {times:0.0} x: {result.Offered:0}/s offered, {result.Goodput:0}/s in time, {result.Refused:0}/s refused, p50 {result.P50:0} ms, p99 {result.P99:0} ms"));
            results.Add(result);

            // Until what is left of it is done.
            for (var quiet = 0; quiet < 5;) quiet = await QuickAsync(load) ? quiet + 1 : 0;
        }

        return [.. results];
    }

    private static async Task<bool> QuickAsync(OpenLoop load)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            if (await load.CallAsync(0) != HttpStatusCode.OK) return false;
        }
        catch (OperationCanceledException)
        {
            // It still does what nobody waits for.
            return false;
        }

        await Task.Delay(20);
        return System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(100);
    }
}
