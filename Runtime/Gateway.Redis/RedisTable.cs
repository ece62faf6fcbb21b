using System.Collections.Immutable;
using System.Globalization;
using Granary.Gateway.Sharing;
using Granary.Hosting;
using Granary.Redis;
using Granary.Rpc;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Granary.Gateway.Redis;

/// <summary>
/// A table that all gateways of a service share, and this one's copy of it. The copy follows by asking for changes: every second, and at once when a message says there are some. While Redis is away it stays as
/// it is; a Redis that comes back without its data, or with older data, gets back what this gateway knew.
/// </summary>
internal sealed partial class RedisTable : ISharedTable
{
    private const int Page = 1000;
    private const int RestorePage = 200;

    private readonly GatewayStore _store;
    private readonly string _name;
    private readonly string _channel;
    private readonly int _capacity;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RedisKey[] _keys;
    private readonly SemaphoreSlim _following = new(1, 1);
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _newEpoch = Guid.NewGuid().ToString("N");
    private volatile ImmutableDictionary<string, SharedRow> _rows = ImmutableDictionary.Create<string, SharedRow>(StringComparer.Ordinal);
    private string? _epoch;
    private long _version;
    private long _followedAt;
    private long _asked;
    private long _looked; // under _following: everyone up to this turn has been looked for
    private bool _away;

    public RedisTable(GatewayStore store, string name, string channel, int capacity, TimeProvider time, ILogger log)
    {
        _store = store;
        _name = name;
        _channel = channel;
        _capacity = capacity;
        _time = time;
        _log = log;
        _keys = [.. new[] { "rows", "changes", "expiry", "meta" }.Select(part => (RedisKey)$"{store.Prefix}{{{name}}}:{part}")];
        _followedAt = time.GetTimestamp();
    }

    public event Action? Changed;

    public string Name => _name;

    public ImmutableDictionary<string, SharedRow> Rows => _rows;

    public Task Loaded => _loaded.Task;

    /// <summary>How old the copy may be at most: the time since it was last compared.</summary>
    public TimeSpan Age => _time.GetElapsedTime(Volatile.Read(ref _followedAt));

    public async ValueTask SetAsync(string id, string value, TimeSpan? lifetime, string? expected, CancellationToken cancellation)
    {
        SharedTableRules.Check(id, value);
        var wanted = expected switch { null => "", "" => "!", _ => "=" + expected };
        RedisValue[] arguments = [id, value, lifetime is { } time ? Math.Max(1, (long)time.TotalMilliseconds) : 0, wanted, _capacity, _channel, _name];
        switch ((long)await RunAsync(RedisTableScripts.Set, arguments, cancellation))
        {
            case 0: throw SharedTableRules.Conflict(_name, id);
            case -1: throw SharedTableRules.Full(_name, _capacity);
        }

        await CatchUpAsync(cancellation);
    }

    public async ValueTask<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        if ((long)await RunAsync(RedisTableScripts.Remove, [id, _channel, _name], cancellation) == 0) return false;
        await CatchUpAsync(cancellation);
        return true;
    }

    /// <summary>Compares the copy with the table. Never throws but for cancellation: what went wrong is logged once, until it goes right again.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        try
        {
            await CatchUpAsync(cancellation);
            if (_away) LogBack(_log, _name);
            _away = false;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            if (!_away) LogAway(_log, _name, error.InnerException?.Message ?? error.Message);
            _away = true;
        }
    }

    // Sees whatever was written before it was asked for. Many that ask at once share a look: one that began after they asked.
    private async Task CatchUpAsync(CancellationToken cancellation)
    {
        var turn = Interlocked.Increment(ref _asked);
        await _following.WaitAsync(cancellation);
        try
        {
            if (_looked >= turn) return;
            var asked = Volatile.Read(ref _asked);
            var hasChanged = await CatchUpOnceAsync(cancellation);
            _looked = asked;
            if (!hasChanged) return;
        }
        finally
        {
            _following.Release();
        }

        Changed?.Invoke();
    }

    // True when the copy has changed. One at a time.
    private async Task<bool> CatchUpOnceAsync(CancellationToken cancellation)
    {
        var before = _rows;
        var rows = before.ToBuilder();
        while (true)
        {
            var began = _time.GetTimestamp();
            var now = _time.GetUtcNow();
            var answer = (RedisResult[])await RunAsync(RedisTableScripts.Read, [_newEpoch, _version, Page], cancellation);
            var epoch = (string)answer[0];
            var version = long.Parse((string)answer[1], CultureInfo.InvariantCulture);
            if (_epoch is not null && (epoch != _epoch || version < _version))
            {
                LogLost(_log, _name, before.Count);
                await RestoreAsync(before, cancellation);
                (_epoch, _version) = (epoch, 0);
                continue;
            }

            _epoch = epoch;
            if ((long)answer[2] == 1)
            {
                rows.Clear();
                _version = 0;
            }

            for (var i = 3; i + 3 < answer.Length; i += 4)
            {
                var id = (string)answer[i];
                var left = long.Parse((string)answer[i + 2], CultureInfo.InvariantCulture);
                if (answer[i + 1].IsNull) rows.Remove(id);
                else rows[id] = new SharedRow((string)answer[i + 1], left < 0 ? DateTimeOffset.MaxValue : now.AddMilliseconds(left));
                _version = Math.Max(_version, (long)double.Parse((string)answer[i + 3], CultureInfo.InvariantCulture));
            }

            if (answer.Length >= 3 + (4 * Page)) continue;

            // Versions of rows that have expired are not told.
            _version = Math.Max(_version, version);
            foreach (var (id, row) in before)
            {
                if (row.Expires <= now && rows.TryGetValue(id, out var current) && current.Expires <= now) rows.Remove(id);
            }

            Volatile.Write(ref _followedAt, began);
            _rows = rows.ToImmutable();
            _loaded.TrySetResult();
            return !ReferenceEquals(_rows, before);
        }
    }

    private async Task RestoreAsync(ImmutableDictionary<string, SharedRow> known, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        foreach (var page in known.Where(r => r.Value.Expires > now).Chunk(RestorePage))
        {
            List<RedisValue> arguments = [_channel, _name];
            foreach (var (id, row) in page)
            {
                arguments.Add(id);
                arguments.Add(row.Value);
                arguments.Add(row.Expires == DateTimeOffset.MaxValue ? 0 : Math.Max(1, (long)(row.Expires - now).TotalMilliseconds));
            }

            await RunAsync(RedisTableScripts.Restore, [.. arguments], cancellation);
        }
    }

    private async Task<RedisResult> RunAsync(RedisScript script, RedisValue[] arguments, CancellationToken cancellation)
    {
        try
        {
            return await _store.Connection.RunAsync(script, _keys, arguments, cancellation);
        }
        catch (RedisRequestException error)
        {
            throw new RpcException(StatusCode.Unavailable, $"the {_name} cannot be reached at the moment; try again", error) { RetryAfter = TimeSpan.FromSeconds(1) };
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "The {Table} cannot be followed; what this gateway knows of them stays in force. {Problem}")]
    private static partial void LogAway(ILogger log, string table, string problem);

    [LoggerMessage(31, LogLevel.Information, "The {Table} are followed again.")]
    private static partial void LogBack(ILogger log, string table);

    [LoggerMessage(32, LogLevel.Warning, "Redis has lost {Table}, or has older ones; this gateway writes back the {Count} rows that it knows.")]
    private static partial void LogLost(ILogger log, string table, int count);
}
