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

        List<Side> ours = [], theirs = [];
        List<double> loops = [];
        for (var i = 0; i < session.Rounds; i++)
        {
            loops.Add(CpuLoop.Run());
            ours.Add(await LoadAsync(host.Process, () => HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, round)));
            theirs.Add(await LoadAsync(bare, () => HttpLoad.RunAsync(barePort, ApiHostProcess.Path, ApiHostProcess.Body, null, round)));
        }

        Add(session, "requests", Unit.PerSecond, ours, theirs, loops, r => r.Load.RequestsPerSecond, new Budget(0.7, OnRatio: true));
        Add(session, "the server's cpu time each", Unit.Microseconds, ours, theirs, loops, r => r.Processor.TotalMicroseconds / r.Load.Requests);
        Add(session, "p50", Unit.Microseconds, ours, theirs, loops, r => r.Load.MedianMicroseconds);
        Add(session, "p99", Unit.Microseconds, ours, theirs, loops, r => r.Load.P99Microseconds);
        var bareMemory = bare.ResidentBytes() / 1e6;
        session.Add(Figure.Single(Name, "ApiHost after the load, resident", Unit.Megabytes, host.Process.ResidentBytes() / 1e6, new Peer("bare Kestrel", bareMemory, bareMemory, SameRun: true)));
    }

    private static async Task<Side> LoadAsync(ChildProcess server, Func<Task<LoadResult>> load)
    {
        var before = server.ProcessorTime;
        var result = await load();
        return new Side(result, server.ProcessorTime - before);
    }

    private void Add(Session session, string name, Unit unit, List<Side> ours, List<Side> theirs, List<double> loops, Func<Side, double> part, Budget? budget = null)
    {
        var mine = Measurement.Sum(unit, [.. ours.Select(part)], [], [.. loops]);
        var bare = Measurement.Sum(unit, [.. theirs.Select(part)], [], [.. loops]);
        session.Add(Name, $"POST {ApiHostProcess.Path}, {name}", mine, new Peer("bare Kestrel", bare.Value, bare.Value, SameRun: true), budget);
    }

    /// <summary>One round of one server.</summary>
    private readonly record struct Side(LoadResult Load, TimeSpan Processor);
}
