using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace Granary.Cluster.Witnessing;

/// <summary>
/// Reads what the witness was told and finds activations of one grain that existed at the same time: one began a turn when a later one already had its token and then ran a turn too.
/// </summary>
internal sealed class Audit : IDisposable
{
    private const int Page = 5000;
    private readonly ConnectionMultiplexer _redis;
    private readonly Dictionary<string, List<Life>> _grains = new(StringComparer.Ordinal);
    private string _next = "-";

    private Audit(ConnectionMultiplexer redis) => _redis = redis;

    /// <summary>Turns read so far.</summary>
    internal long Turns { get; private set; }

    /// <summary>Activations read so far.</summary>
    internal long Activations { get; private set; }

    internal static async Task<Audit> ConnectAsync(string connection) => new(await ConnectionMultiplexer.ConnectAsync(ConfigurationOptions.Parse(connection)));

    /// <summary>Reads on to the end of what has been written by now.</summary>
    internal async Task ReadAsync()
    {
        while (true)
        {
            var page = (RedisResult[])(await _redis.GetDatabase().ExecuteAsync("XRANGE", Witness.History, _next, "+", "COUNT", Page))!;
            foreach (var entry in page)
            {
                var parts = (RedisResult[])entry!;
                _next = "(" + (string)parts[0]!;
                Add((string[])parts[1]!);
            }

            if (page.Length < Page) return;
        }
    }

    /// <summary>Every pair of lives of a grain that overlap, among what has been read.</summary>
    internal IReadOnlyList<Overlap> Overlaps()
    {
        List<Overlap> found = [];
        foreach (var (grain, lives) in _grains)
        {
            lives.Sort((a, b) => a.Token.CompareTo(b.Token));
            for (var i = 0; i < lives.Count; i++)
            {
                for (var j = i + 1; j < lives.Count; j++)
                {
                    if (lives[j].Turns > 0 && lives[i].Turns > 0 && lives[i].LastTurn > lives[j].Since) found.Add(new Overlap(grain, lives[i], lives[j]));
                }
            }
        }

        return found;
    }

    /// <summary>The turns that a process began after a moment, by <see cref="Stopwatch"/>.</summary>
    internal long TurnsAfter(int process, long moment) => _grains.Values.SelectMany(l => l).Count(l => l.Process == process && l.LastTurn > moment);

    /// <summary>The process of the newest activation of each grain.</summary>
    internal IReadOnlyDictionary<string, string> NewestSilos() => _grains.ToDictionary(g => g.Key, g => g.Value.MaxBy(l => l.Token)!.Silo, StringComparer.Ordinal);

    public void Dispose() => _redis.Dispose();

    private void Add(string[] fields)
    {
        string Field(string name) => fields[Array.IndexOf(fields, name) + 1];
        long Number(string name) => long.Parse(Field(name), CultureInfo.InvariantCulture);

        var grain = Field("grain");
        if (!_grains.TryGetValue(grain, out var lives)) _grains[grain] = lives = [];
        var token = Number("token");
        var life = lives.Find(l => l.Token == token);
        if (life is null)
        {
            life = new Life { Token = token, Silo = Field("silo"), Process = (int)Number("process"), Since = Number("since") };
            lives.Add(life);
            Activations++;
        }

        if (Field("event") != "turn") return;
        Turns++;
        life.Turns++;
        // The claim itself is written down before its answer is there; the turns know when it was.
        life.Since = Number("since");
        life.LastTurn = Math.Max(life.LastTurn, Number("at"));
    }

    /// <summary>One activation.</summary>
    internal sealed class Life
    {
        internal required long Token { get; init; }

        internal required string Silo { get; init; }

        internal required int Process { get; init; }

        /// <summary>From when on it may have run turns, ticks of <see cref="Stopwatch"/>.</summary>
        internal required long Since { get; set; }

        /// <summary>When its last turn began; 0 without any.</summary>
        internal long LastTurn { get; set; }

        internal int Turns { get; set; }
    }

    /// <summary>Two activations of a grain at the same time.</summary>
    internal sealed record Overlap(string Grain, Life Earlier, Life Later)
    {
        public override string ToString()
        {
            var by = Stopwatch.GetElapsedTime(Later.Since, Earlier.LastTurn).TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture);
            return $"{Grain}: activation {Earlier.Token} in {Earlier.Silo} (process {Earlier.Process}) began a turn {by} ms after activation {Later.Token} in {Later.Silo} (process {Later.Process}) had begun to live";
        }
    }
}
