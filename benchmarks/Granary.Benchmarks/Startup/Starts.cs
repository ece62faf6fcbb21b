using System.Diagnostics;
using Granary.Benchmarks.Cluster;
using Granary.Benchmarks.Http;

namespace Granary.Benchmarks.Startup;

/// <summary>From the start of a process to its first answer, and what it holds when nothing is asked of it.</summary>
internal sealed class Starts : IBenchmark
{
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(3);
    private static readonly Peer s_orleansStart = new("Orleans 10.4", 440, 530, SameRun: false);
    private static readonly Peer s_orleansMemory = new("Orleans 10.4", 82, 89, SameRun: false);

    public string Name => "start";

    public string About => "process start to first answer, and resident memory of an idle silo";

    public async Task RunAsync(Session session)
    {
        await MeasureAsync(session, "a host with a silo, to its first call", OneAnswerAsync, new Budget(250), new Budget(55), s_orleansStart, s_orleansMemory);
        await MeasureAsync(session, "a silo over Redis, to its first call", RedisAsync, new Budget(350), new Budget(65), new Peer("Orleans 10.4", 550, 690, SameRun: false), new Peer("Orleans 10.4", 96, 105, SameRun: false));
        await MeasureAsync(session, "ApiHost with its grains, to its first HTTP call", ApiHostAsync, null, null, null, null);
        await MeasureAsync(session, "Silo, to /readyz", SiloAsync, new Budget(250), new Budget(55), s_orleansStart, s_orleansMemory);
    }

    private async Task MeasureAsync(Session session, string what, Func<Task<Started>> start, Budget? time, Budget? memory, Peer? timePeer, Peer? memoryPeer)
    {
        // The first start reads the files from disk; later ones find them in memory.
        await start();
        double[] times = new double[session.Rounds], processor = new double[session.Rounds], sizes = new double[session.Rounds], loops = new double[session.Rounds];
        for (var round = 0; round < session.Rounds; round++)
        {
            loops[round] = CpuLoop.Run();
            var started = await start();
            (times[round], processor[round], sizes[round]) = (started.After.TotalMilliseconds, started.Processor.TotalMilliseconds, started.ResidentMegabytes);
        }

        session.Add(Name, what, Measurement.Sum(Unit.Milliseconds, times, [], [.. loops]), timePeer, time);
        session.Add(Name, "the same, cpu time", Measurement.Sum(Unit.Milliseconds, processor, [], [.. loops]));
        session.Add(Name, $"the same, resident after {s_idle.TotalSeconds:0} s", Measurement.Sum(Unit.Megabytes, sizes, [], loops), memoryPeer, memory);
    }

    private static async Task<Started> OneAnswerAsync()
    {
        using var process = ChildProcess.Self(OneAnswer.Role);
        var line = await process.Output.ReadLineAsync();
        var took = Stopwatch.GetElapsedTime(process.StartedAt);
        while (line is not null && line != "56") line = await process.Output.ReadLineAsync();
        if (line is null) throw new CannotMeasureException($"the process ended before its first answer:\n{process.Errors}");
        return await RestAsync(process, took);
    }

    private static async Task<Started> RedisAsync()
    {
        using var redis = await RedisServer.StartAsync();
        using var silo = await RedisSiloProcess.StartAsync(redis.ConnectionString, "start");
        return await RestAsync(silo.Process, Stopwatch.GetElapsedTime(silo.Process.StartedAt));
    }

    private static async Task<Started> ApiHostAsync()
    {
        using var host = ApiHostProcess.Start();
        await host.FirstAnswerAsync();
        return await RestAsync(host.Process, Stopwatch.GetElapsedTime(host.Process.StartedAt));
    }

    private static async Task<Started> SiloAsync()
    {
        var port = ChildProcess.FreePort();
        using var process = ChildProcess.Host(
            "Silo",
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["Granary__Cluster__SiloPort"] = "0",
                ["Granary__Cluster__GatewayPort"] = $"{ChildProcess.FreePort()}",
            },
            "--urls",
            $"http://127.0.0.1:{port}");
        using var client = new HttpClient { Timeout = Until.OneAsk };
        await Until.AnswersAsync(process, async () =>
        {
            using var answer = await client.GetAsync($"http://127.0.0.1:{port}/readyz");
            return answer.IsSuccessStatusCode;
        });
        return await RestAsync(process, Stopwatch.GetElapsedTime(process.StartedAt));
    }

    private static async Task<Started> RestAsync(ChildProcess process, TimeSpan took)
    {
        var processor = process.ProcessorTime;
        await Task.Delay(s_idle);
        return new Started(took, processor, process.ResidentBytes() / 1e6);
    }

    /// <summary>One start.</summary>
    /// <param name="After">From the start of the process to its first answer.</param>
    /// <param name="Processor">What it had computed by then, on all cores.</param>
    /// <param name="ResidentMegabytes">When it had been idle for a while.</param>
    private readonly record struct Started(TimeSpan After, TimeSpan Processor, double ResidentMegabytes);
}
