using System.Globalization;
using System.Reflection;
using StackExchange.Redis;

namespace Granary.Cluster.Tests;

/// <summary>Two releases of one service, whose contract is in version 1 and in version 2, in one cluster at a time.</summary>
public sealed class UpgradeTests
{
    private const int Silos = 3;

    /// <summary>Calls that each kind of caller makes between two steps.</summary>
    private const long CallsAStep = 400;

    [Fact]
    public async Task A_rolling_upgrade_to_the_next_version_of_a_contract_under_calls_of_both_loses_none()
    {
        await using var network = new LoopbackNetwork();
        await using var redis = await RedisServer.StartAsync("redis", network.Here, isDurable: false);
        await using var processes = new Processes(redis);
        var silos = new List<ChildProcess>();
        for (var i = 1; i <= Silos; i++) silos.Add(await processes.StartAsync(1, "silo", i));
        var old = await processes.StartAsync(1, "callers", 1);
        await ProgressAsync(old);

        // Silos first: a caller of version 2 needs a silo that serves it.
        ChildProcess? young = null;
        for (var i = 0; i < Silos; i++)
        {
            silos[i].Signal(Signal.Terminate);
            Assert.Equal(0, await silos[i].ExitAsync(Clusters.Soon));
            silos[i] = await processes.StartAsync(2, "silo", Silos + 1 + i);
            await processes.AgreeAsync(Silos);
            young ??= await processes.StartAsync(2, "callers", 2);
            await ProgressAsync(old);
            await ProgressAsync(young);
        }

        var before = await EndAsync(old);
        var after = await EndAsync(young!);
        Assert.Equal([], before.Failures.Concat(after.Failures));

        // What one release has stored, the other has read, in both directions; and version 2 never was where it is not served.
        Assert.Contains((1, 1), before.Served.Keys);
        Assert.Contains((1, 2), before.Served.Keys);
        Assert.Contains((2, 1), before.Served.Keys.Concat(after.Served.Keys));
        Assert.All(after.Served.Keys, served => Assert.Equal(2, served.By));

        // Nothing that was added is missing, whichever release added it.
        using var store = await ConnectionMultiplexer.ConnectAsync(redis.Connection);
        Assert.NotEmpty(before.Added.Keys.Intersect(after.Added.Keys));
        foreach (var basket in before.Added.Keys.Union(after.Added.Keys))
        {
            var state = (byte[]?)await store.GetDatabase().HashGetAsync($"granary:{processes.Cluster}:state:Default:basket:basket/{basket}", "data");
            Assert.Equal(before.Added.GetValueOrDefault(basket) + after.Added.GetValueOrDefault(basket), Things(state));
        }
    }

    /// <summary>Field 1 of the state: the number of things.</summary>
    private static long Things(byte[]? state)
    {
        Assert.Equal(0x08, Assert.IsType<byte[]>(state)[0]);
        var (value, shift) = (0L, 0);
        foreach (var part in state.AsSpan(1))
        {
            value |= (long)(part & 0x7F) << shift;
            shift += 7;
            if (part < 0x80) break;
        }

        return value;
    }

    private static async Task ProgressAsync(ChildProcess callers)
    {
        var from = Calls(callers);
        await Until.TrueAsync(() => callers.HasExited || Calls(callers) >= from + CallsAStep, TimeSpan.FromMinutes(1), $"{callers.Name} has made {CallsAStep} more calls; {callers.Tail()}");
        Assert.False(callers.HasExited, callers.Tail());
    }

    private static long Calls(ChildProcess callers) =>
        callers.Lines().LastOrDefault(l => l.StartsWith("calls ", StringComparison.Ordinal)) is { } line ? long.Parse(line["calls ".Length..], CultureInfo.InvariantCulture) : 0;

    private static async Task<Report> EndAsync(ChildProcess callers)
    {
        callers.Signal(Signal.Terminate);
        await callers.LineAsync(l => l.StartsWith("end ", StringComparison.Ordinal), Clusters.Soon);
        Assert.Equal(0, await callers.ExitAsync(Clusters.Soon));
        var lines = callers.Lines().Select(l => l.Split(' ')).ToLookup(words => words[0], StringComparer.Ordinal);
        return new Report(
            [.. lines["failed"].Select(words => string.Join(' ', words))],
            lines["added"].ToDictionary(words => words[1], words => Number(words[2]), StringComparer.Ordinal),
            lines["served"].ToDictionary(words => ((int)Number(words[1]), (int)Number(words[2])), words => Number(words[3])));
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>What callers have seen.</summary>
    /// <param name="Failures">Calls that did not succeed, or not as they should.</param>
    /// <param name="Added">What was added to which basket.</param>
    /// <param name="Served">How often silos of a release answered, and which release's state they had found.</param>
    private sealed record Report(IReadOnlyList<string> Failures, IReadOnlyDictionary<string, long> Added, IReadOnlyDictionary<(int By, int Found), long> Served);

    /// <summary>The processes of both releases, which share a cluster.</summary>
    private sealed class Processes(RedisServer redis) : IAsyncDisposable
    {
        private readonly List<ChildProcess> _processes = [];

        internal string Cluster { get; } = $"upgrade-{Guid.NewGuid():N}"[..16];

        internal async Task<ChildProcess> StartAsync(int release, string role, int number)
        {
            var program = typeof(UpgradeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == $"Release{release}").Value!;
            var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
            var process = ChildProcess.Start($"{role} {number} of release {release}", [dotnet, program, role, $"--Redis={redis.Connection}", $"--Cluster={Cluster}"]);
            _processes.Add(process);
            await process.LineAsync(l => l == "ready", TimeSpan.FromSeconds(45));
            return process;
        }

        /// <summary>Waits until all silos act by the latest version of the membership table.</summary>
        internal async Task AgreeAsync(int silos)
        {
            using var client = await ConnectionMultiplexer.ConnectAsync(redis.Connection);
            var table = client.GetDatabase();
            await Until.TrueAsync(
                async () =>
                {
                    var version = (string?)await table.HashGetAsync($"granary:{{{Cluster}}}:members", "#version");
                    var beats = await table.HashValuesAsync($"granary:{{{Cluster}}}:beats");
                    return beats.Length == silos && beats.All(b => b.ToString().Split(',', ' ')[1] == version);
                },
                Clusters.Soon,
                $"{silos} silos know each other");
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var process in _processes) await process.DisposeAsync();
        }
    }
}
