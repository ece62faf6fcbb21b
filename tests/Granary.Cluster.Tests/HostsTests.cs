using System.Net;
using Granary.Tests;

namespace Granary.Cluster.Tests;

/// <summary>The programs that people run: Silo, Silo and ApiHost over Redis, called by HTTP.</summary>
public sealed class HostsTests
{
    private const int Callers = 12;
    private const int CallsAfterwards = 10;

    // Longer than the engine tries to reach a silo, so that no call ends for the time alone, however slow the machine is.
    private const string Deadline = "Granary:Gateway:Deadlines:Default=00:00:30";

    private const string Secret = "Granary:Engine:ClusterSecret=a secret of the cluster's processes";

    [Fact]
    public async Task When_a_silo_is_killed_during_HTTP_calls_there_is_a_blink_and_then_all_succeed()
    {
        await using var network = new LoopbackNetwork();
        await using var redis = await RedisServer.StartAsync("redis", network.Here, isDurable: false);
        var connection = $"Granary:Redis:ConnectionString={redis.EndPoint}";
        await using var first = HostProcess.Start("Silo", "Production", connection, Secret);
        await using var second = HostProcess.Start("Silo", "Production", connection, Secret);
        await Task.WhenAll(first.AddressAsync(), second.AddressAsync());
        await using var host = HostProcess.Start("ApiHost", "Production", connection, Secret, Tokens.Setting, Deadline, "Granary:Mode=Client");
        var address = await host.AddressAsync();
        var attempt = 0;
        await Until.TrueAsync(async () => await SilosOfAsync(address, $"grain{++attempt}-") == 2, Clusters.Soon, "both silos have some of the called grains");

        var killed = new TaskCompletionSource();
        var callers = Enumerable.Range(0, Callers).Select(i => CallAsync(address, $"grain{attempt}-{i}", killed.Task)).ToArray();
        first.Kill();
        await first.ExitAsync();
        killed.SetResult();
        var answers = (await Task.WhenAll(callers)).SelectMany(a => a).ToArray();

        // A call that was in flight or came too early is told so, and nothing else ever goes wrong.
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal((HttpStatusCode.ServiceUnavailable, "UNAVAILABLE"), (a.Status, a.Code)));
        Assert.All(answers.Where(a => a.Status == HttpStatusCode.OK), a => Assert.Equal("56", a.Body));
    }

    /// <summary>Calls its grain until the silo is dead, then until the grain answers again; from then on every call must succeed.</summary>
    private static async Task<List<Answer>> CallAsync(Uri host, string grain, Task killed)
    {
        List<Answer> answers = [];
        while (!killed.IsCompleted) answers.Add(await MultiplyAsync(host, grain));
        await Until.TrueAsync(
            async () =>
            {
                answers.Add(await MultiplyAsync(host, grain));
                return answers[^1].Status == HttpStatusCode.OK;
            },
            Clusters.Soon,
            $"{grain} answers again");
        for (var i = 0; i < CallsAfterwards; i++)
        {
            answers.Add(await MultiplyAsync(host, grain));
            Assert.Equal(HttpStatusCode.OK, answers[^1].Status);
        }

        return answers;
    }

    private static Task<Answer> MultiplyAsync(Uri host, string grain) => host.AskAsync(HttpMethod.Post, $"/rpc/calculator/{grain}/Multiply", Tokens.For("user"), """{"a":7,"b":8}""");

    /// <summary>In how many silos the grains of the callers are.</summary>
    private static async Task<int> SilosOfAsync(Uri host, string prefix)
    {
        HashSet<string> silos = new(StringComparer.Ordinal);
        for (var caller = 0; caller < Callers; caller++)
        {
            var grain = $"{prefix}{caller}";
            await MultiplyAsync(host, grain);
            var where = await host.GetAsync($"/admin/grains/calculator/{grain}", Tokens.For("admin"));
            if (where.Json.TryGetProperty("silo", out var silo) && silo.GetString() is { } name) silos.Add(name);
        }

        return silos.Count;
    }
}
