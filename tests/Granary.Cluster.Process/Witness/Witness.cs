using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace Granary.Cluster.Witnessing;

/// <summary>
/// Tells a Redis server of its own, which no fault ever touches, what the activations of this process do. Times are of the machine's monotonic clock, which all processes on it share.
/// </summary>
/// <remarks>
/// A turn goes on only after the witness has written down that it began: what a process did before it died is never missing. The engine has no part in any of this. An answer that does not come is asked for again, and the
/// silo's output says so: this client has no timeout for what is awaited, and a grain that waits for ever is not what is looked for. What is written twice does no harm: the same turn, or a token that nobody uses.
/// </remarks>
public sealed class Witness : IDisposable
{
    internal const string History = "history";

    private const string Append = "redis.call('XADD', KEYS[1], '*', 'event', ARGV[1], 'grain', ARGV[2], 'token', ARGV[3], 'silo', ARGV[4], 'process', ARGV[5], 'since', ARGV[6], 'at', ARGV[7])";

    private const string Take = "local token = redis.call('INCR', KEYS[2]) redis.call('XADD', KEYS[1], '*', 'event', 'claimed', 'grain', ARGV[1], 'token', token, 'silo', ARGV[2], 'process', ARGV[3], 'since', ARGV[4], 'at', ARGV[4]) return token";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ConnectionMultiplexer? _redis;

    private Witness(ConnectionMultiplexer? redis) => _redis = redis;

    /// <summary>Nobody watches: for measurements.</summary>
    internal static Witness Nobody { get; } = new(null);

    internal static async Task<Witness> ConnectAsync(string connection)
    {
        var options = ConfigurationOptions.Parse(connection);
        options.SyncTimeout = 30_000;
        options.AbortOnConnectFail = false;
        return new Witness(await ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <summary>An activation begins: it gets a token greater than those of all earlier activations of its grain.</summary>
    internal async Task<Claim> ClaimAsync(string grain, string silo)
    {
        if (_redis is null) return new Claim(grain, silo, 0, 0);
        var token = (long)await EvaluateAsync(_redis, Take, 2, History, "token:" + grain, grain, silo, Environment.ProcessId, Stopwatch.GetTimestamp());
        return new Claim(grain, silo, token, Stopwatch.GetTimestamp());
    }

    /// <summary>A call begins to run in an activation.</summary>
    internal Task EnterAsync(Claim claim) => AppendAsync("turn", claim);

    /// <summary>An activation has ended properly.</summary>
    internal Task GoneAsync(Claim claim) => AppendAsync("gone", claim);

    public void Dispose() => _redis?.Dispose();

    private Task AppendAsync(string happened, Claim claim)
    {
        if (_redis is null) return Task.CompletedTask;
        var at = Stopwatch.GetTimestamp();
        return EvaluateAsync(_redis, Append, 1, History, happened, claim.Grain, claim.Token.ToString(CultureInfo.InvariantCulture), claim.Silo, Environment.ProcessId, claim.Since, at);
    }

    private static async Task<RedisResult> EvaluateAsync(ConnectionMultiplexer redis, params object[] arguments)
    {
        while (true)
        {
            try
            {
                return await redis.GetDatabase().ExecuteAsync("EVAL", arguments).WaitAsync(s_patience, TimeProvider.System);
            }
            catch (TimeoutException)
            {
                Console.WriteLine($"The witness did not answer within {s_patience}; it is asked again.");
            }
        }
    }
}

/// <summary>An activation as the witness knows it.</summary>
/// <param name="Grain">The grain.</param>
/// <param name="Silo">Where it lives.</param>
/// <param name="Token">Its token.</param>
/// <param name="Since">When it had its token, ticks of <see cref="Stopwatch"/>: before it ran anything.</param>
internal readonly record struct Claim(string Grain, string Silo, long Token, long Since);
