namespace Granary.Benchmarks.Http;

/// <summary>What the protection of calls costs: three ApiHosts, one with every stage that can be turned off turned off, one as it comes, one with everything that can be configured for a method; loaded in turns.</summary>
internal sealed class StageCost : IBenchmark
{
    public string Name => "stages";

    public string About => $"HTTP/JSON call through ApiHost with its stages off, as they come, and all on, {HttpLoad.Connections} connections, by {HttpLoad.Generator}";

    public async Task RunAsync(Session session)
    {
        using var off = ApiHostProcess.Start(
            new("Granary__RateLimits__Enabled", "false"),
            new("Granary__Breakers__Enabled", "false"),
            new("Granary__Shedding__Enabled", "false"),
            new("Granary__Retries__Attempts", "1"),
            new("Granary__SecurityHeaders", "false"));
        using var usual = ApiHostProcess.Start();
        using var all = ApiHostProcess.Start(
            new("Granary__RateLimits__Default__Concurrency", "100000"),
            new("Granary__RateLimits__Always__0", "ingest"),
            new("Granary__Bulkheads__calculator__Concurrency", "1000"),
            new("Granary__Hedging__Methods__0", "calculator/Multiply"),
            new("Granary__Blocking__Addresses__0", "203.0.113.0/24"),
            new("Granary__Blocking__Subjects__0", "mallory"),
            new("Granary__Blocking__Agents__0", "bad-bot"),
            new("Granary__Authorization__Rules__0__Methods__0", "calculator/*"),
            new("Granary__Authorization__Rules__0__Roles__0", "user"));
        ApiHostProcess[] hosts = [off, usual, all];
        var round = TimeSpan.FromSeconds(session.Quick ? 1 : 4);
        foreach (var host in hosts)
        {
            await host.FirstAnswerAsync();
            await LoadAsync(host, TimeSpan.FromSeconds(session.Quick ? 2 : 6));
        }

        var (rates, processor) = (hosts.Select(_ => new List<double>()).ToArray(), hosts.Select(_ => new List<double>()).ToArray());
        List<double> loops = [];
        for (var i = 0; i < session.Rounds; i++)
        {
            loops.Add(CpuLoop.Run());
            for (var h = 0; h < hosts.Length; h++)
            {
                var before = hosts[h].Process.ProcessorTime;
                var load = await LoadAsync(hosts[h], round);
                rates[h].Add(load.RequestsPerSecond);
                processor[h].Add((hosts[h].Process.ProcessorTime - before).TotalMicroseconds / load.Requests);
            }
        }

        var rate = rates.Select(r => Measurement.Sum(Unit.PerSecond, [.. r], [], [.. loops])).ToArray();
        var cost = processor.Select(r => Measurement.Sum(Unit.Microseconds, [.. r], [], [.. loops])).ToArray();
        foreach (var (h, name) in new[] { (1, "as it comes"), (2, "all on") })
        {
            session.Add(Name, $"requests, {name}", rate[h], new Peer("stages off", rate[0].Value, rate[0].Value, SameRun: true));
            session.Add(Name, $"the server's cpu time each, {name}", cost[h], new Peer("stages off", cost[0].Value, cost[0].Value, SameRun: true));
        }
    }

    private static Task<LoadResult> LoadAsync(ApiHostProcess host, TimeSpan time) => HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, time);
}
