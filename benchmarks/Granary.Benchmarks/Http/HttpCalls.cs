namespace Granary.Benchmarks.Http;

/// <summary>A call of a grain over HTTP/JSON, everything on, beside a bare Kestrel endpoint that does the same JSON; loaded in turns.</summary>
internal sealed class HttpCalls : IBenchmark
{
    public string Name => "http";

    public string About => $"HTTP/JSON call through ApiHost (JWT, limits, telemetry) and bare Kestrel, {HttpLoad.Connections} connections, by {HttpLoad.Generator}";

    public async Task RunAsync(Session session)
    {
        using var host = ApiHostProcess.Start();
        await host.FirstAnswerAsync();
        var barePort = ChildProcess.FreePort();
        using var bare = ChildProcess.Self(BareKestrel.Role, $"{barePort}");
        using (var client = new HttpClient { Timeout = Until.OneAsk })
        {
            await Until.AnswersAsync(bare, async () =>
            {
                using var content = new StringContent(ApiHostProcess.Body);
                using var answer = await client.PostAsync($"http://127.0.0.1:{barePort}/", content);
                return answer.IsSuccessStatusCode;
            });
        }

        var round = TimeSpan.FromSeconds(session.Quick ? 1 : 4);
        var warmUp = TimeSpan.FromSeconds(session.Quick ? 2 : 6);
        await HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, warmUp);
        await HttpLoad.RunAsync(barePort, ApiHostProcess.Path, ApiHostProcess.Body, null, warmUp);

        List<LoadResult> ours = [], theirs = [];
        List<double> loops = [];
        for (var i = 0; i < session.Rounds; i++)
        {
            loops.Add(CpuLoop.Run());
            ours.Add(await HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, round));
            theirs.Add(await HttpLoad.RunAsync(barePort, ApiHostProcess.Path, ApiHostProcess.Body, null, round));
        }

        Add(session, "requests", Unit.PerSecond, ours, theirs, loops, r => r.RequestsPerSecond, new Budget(0.7, OnRatio: true));
        Add(session, "p50", Unit.Microseconds, ours, theirs, loops, r => r.MedianMicroseconds);
        Add(session, "p99", Unit.Microseconds, ours, theirs, loops, r => r.P99Microseconds);
        session.Add(Figure.Single(Name, "ApiHost after the load, resident", Unit.Megabytes, host.Process.ResidentBytes() / 1e6, new Peer("bare Kestrel", bare.ResidentBytes() / 1e6, bare.ResidentBytes() / 1e6, SameRun: true)));
    }

    private void Add(Session session, string name, Unit unit, List<LoadResult> ours, List<LoadResult> theirs, List<double> loops, Func<LoadResult, double> part, Budget? budget = null)
    {
        var mine = Measurement.Sum(unit, [.. ours.Select(part)], [], [.. loops]);
        var bare = Measurement.Sum(unit, [.. theirs.Select(part)], [], [.. loops]);
        session.Add(Name, $"POST {ApiHostProcess.Path}, {name}", mine, new Peer("bare Kestrel", bare.Value, bare.Value, SameRun: true), budget, showAllocated: false);
    }
}
