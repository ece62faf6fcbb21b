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
        foreach (var host in hosts) await host.FirstAnswerAsync();
        var turns = new HostsInTurns(hosts, LoadAsync);
        await turns.WarmUpAsync(TimeSpan.FromSeconds(session.Quick ? 2 : 6));
        for (var i = 0; i < session.Rounds; i++) await turns.RoundAsync(TimeSpan.FromSeconds(session.Quick ? 1 : 4));
        var (rate, cost) = (turns.Rate(0).Value, turns.Processor(0).Value);
        foreach (var (h, name) in new[] { (1, "as it comes"), (2, "all on") })
        {
            session.Add(Name, $"requests, {name}", turns.Rate(h), new Peer("stages off", rate, rate, SameRun: true));
            session.Add(Name, $"the server's cpu time each, {name}", turns.Processor(h), new Peer("stages off", cost, cost, SameRun: true));
        }
    }

    private static Task<LoadResult> LoadAsync(ApiHostProcess host, TimeSpan time) => HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, time);
}
