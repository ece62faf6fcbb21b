using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>
/// The way to one Redis: connects when first asked, and again when the client does not get its connection back by itself. Every request ends, within the timeout, with an answer or with a
/// <see cref="RedisRequestException"/>. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   none        nobody has asked yet, or the connection was given up        -> connecting, by a request
///   connecting  requests wait for it, each no longer than its own timeout   -> open | failed
///   failed      requests fail at once with the same error                   -> connecting, by a request after s_retryDelay
///   open        requests are sent                                           -> none, when nothing but broken requests has been seen for s_patience
/// </code>
/// All moves are made under the lock. The client reconnects on its own in the state open; but it does not notice a peer that has gone without a word, and TCP may take minutes: hence the last move.
/// </remarks>
internal sealed partial class RedisConnection : IAsyncDisposable
{
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1.5);

    private readonly Func<Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> _create;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];
    private Task<Link>? _link;
    private long _retryAt;
    private long _brokenSince;
    private bool _isDisposed;

    /// <param name="create">Makes a client; told whether it belongs to someone else.</param>
    /// <param name="server">The server's addresses, for messages.</param>
    /// <param name="timeout">How long a request may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where connections and their loss are noted.</param>
    internal RedisConnection(Func<Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> create, string server, TimeSpan timeout, TimeProvider time, ILogger logger)
    {
        _create = create;
        Server = server;
        Timeout = timeout;
        _time = time;
        _logger = logger;
    }

    internal string Server { get; }

    internal TimeSpan Timeout { get; }

    /// <summary>The ACL user, for messages; null where there is none or it is not known.</summary>
    internal string? User { get; init; }

    /// <summary>By which the client is made; null where the application makes it in its own way.</summary>
    internal ConfigurationOptions? Configuration { get; init; }

    /// <summary>The number of the database within the server.</summary>
    internal int Database { get; init; }

    /// <summary>Called, on any thread, when there is a connection again: messages may have been missed.</summary>
    internal event Action? Reconnected;

    /// <summary>Runs a script; it may run twice only if its first run has written nothing.</summary>
    /// <exception cref="RedisRequestException">It failed.</exception>
    /// <param name="script">The script.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="values">Its arguments.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <param name="timeout">A shorter timeout than the usual one.</param>
    internal async Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellation, TimeSpan? timeout = null)
    {
        var limit = timeout ?? Timeout;
        var link = await LinkAsync(limit, cancellation).ConfigureAwait(false);
        try
        {
            RedisResult? result = null;
            if (link.Knows(script))
            {
                try
                {
                    result = await link.Database.ScriptEvaluateAsync(script.Hash, keys, values).WaitAsync(limit, _time, cancellation).ConfigureAwait(false);
                }
                catch (RedisServerException error) when (error.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
                {
                    // The server has restarted, or its scripts were flushed: it has done nothing.
                    link.ForgetScripts();
                }
            }

            if (result is null)
            {
                result = await link.Database.ExecuteAsync("EVAL", [script.Text, keys.Length, .. keys, .. values]).WaitAsync(limit, _time, cancellation).ConfigureAwait(false);
                link.Learn(script);
            }

            NoteAnswer();
            return result;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw Note(link, error, limit);
        }
    }

    /// <summary>Runs a script if the server knows it; null, and nothing done, when it does not.</summary>
    /// <exception cref="RedisRequestException">It failed.</exception>
    internal async Task<RedisResult?> TryRunKnownAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellation)
    {
        var link = await LinkAsync(Timeout, cancellation).ConfigureAwait(false);
        try
        {
            var result = await link.Database.ScriptEvaluateAsync(script.Hash, keys, values).WaitAsync(Timeout, _time, cancellation).ConfigureAwait(false);
            NoteAnswer();
            return result;
        }
        catch (RedisServerException error) when (error.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw Note(link, error, Timeout);
        }
    }

    /// <summary>Sends a command that may be sent again.</summary>
    /// <inheritdoc cref="RunAsync(RedisScript, RedisKey[], RedisValue[], CancellationToken, TimeSpan?)"/>
    internal async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellation)
    {
        var link = await LinkAsync(Timeout, cancellation).ConfigureAwait(false);
        try
        {
            var result = await command(link.Database).WaitAsync(Timeout, _time, cancellation).ConfigureAwait(false);
            NoteAnswer();
            return result;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw Note(link, error, Timeout);
        }
    }

    /// <summary>The keys that match, of every primary that holds a part of them, a page for each request to a server. A key may come twice; one that is there all the time comes (SCAN).</summary>
    /// <exception cref="RedisRequestException">It failed.</exception>
    internal async IAsyncEnumerable<RedisKey[]> ScanAsync(RedisValue pattern, int pageSize, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var link = await LinkAsync(Timeout, cancellation).ConfigureAwait(false);
        foreach (var endpoint in link.Multiplexer.GetEndPoints())
        {
            var server = link.Multiplexer.GetServer(endpoint);
            if (!server.IsConnected || IsReplica(server)) continue;
            using var pages = server.Keys(Database, pattern, pageSize).Chunk(pageSize).GetEnumerator();
            while (await HasNextAsync(link, pages).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return pages.Current;
            }
        }
    }

    /// <summary>Calls back, on any thread and in any order, with each message of a channel; messages are missed while there is no connection. A channel that may not be heard is logged, once for each connection.</summary>
    internal IDisposable Subscribe(string channel, Action<RedisValue> onMessage)
    {
        var subscription = new Subscription(this, new RedisChannel(channel, RedisChannel.PatternMode.Literal), onMessage);
        Task<Link>? link;
        lock (_lock)
        {
            _subscriptions.Add(subscription);
            link = _link;
        }

        // A connection that is being made takes up its subscriptions itself, and it may do so twice without harm.
        if (link is { IsCompletedSuccessfully: true }) _ = ListenAsync(link.Result, subscription);
        return subscription;
    }

    public async ValueTask DisposeAsync()
    {
        Task<Link>? link;
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            link = _link;
            _link = null;
        }

        if (link is null) return;
        try
        {
            await CloseAsync(await link.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (RedisRequestException)
        {
            // It never was open.
        }
    }

    [LoggerMessage(1201, LogLevel.Information, "Connected to Redis {Version} at {Server}.")]
    private static partial void LogConnected(ILogger logger, string server, string version);

    [LoggerMessage(1202, LogLevel.Warning, "Redis at {Server} has been out of reach for {Time}; connecting anew. {Problem}")]
    private static partial void LogGivenUp(ILogger logger, string server, TimeSpan time, string problem);

    [LoggerMessage(1203, LogLevel.Warning, "Redis at {Server} has the maxmemory-policy {Policy} and a memory limit: it may throw away entries of the membership table and the directory. Set maxmemory-policy noeviction.")]
    private static partial void LogEvicts(ILogger logger, string server, string policy);

    [LoggerMessage(1204, LogLevel.Warning, "Messages of the channel {Channel} at Redis {Server} cannot be heard; changes are noticed later, by asking. {Problem}")]
    private static partial void LogDeaf(ILogger logger, string server, string channel, string problem);

    private static bool IsReplica(IServer server)
    {
#pragma warning disable CS0618 // the name of IsReplica before StackExchange.Redis 2.1
        return server.IsSlave;
#pragma warning restore CS0618
    }

    /// <summary>
    /// For what the client can do in no other way than blocking. A thread of the pool would be missing where the client reads its replies: with two processors both could wait for a reply that nobody reads, until the pool
    /// adds a thread after half a second.
    /// </summary>
    private static Task OnItsOwnThread(Action blocks) => Task.Factory.StartNew(blocks, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task<bool> HasNextAsync(Link link, IEnumerator<RedisKey[]> pages)
    {
        try
        {
            var hasNext = false;
            await OnItsOwnThread(() => hasNext = pages.MoveNext()).ConfigureAwait(false);
            return hasNext;
        }
        catch (Exception error)
        {
            throw Note(link, error, Timeout);
        }
    }

    private async Task<Link> LinkAsync(TimeSpan limit, CancellationToken cancellation)
    {
        Task<Link> link;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_link is null || (_link.IsFaulted && _time.GetTimestamp() >= _retryAt)) _link = Task.Run(ConnectAsync, CancellationToken.None);
            link = _link;
        }

        if (link.IsCompleted) return await link.ConfigureAwait(false);
        try
        {
            return await link.WaitAsync(limit, _time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            throw new RedisRequestException(RedisProblem.Unreachable, $"There is no connection to Redis at {Server} yet after {limit.TotalSeconds:0.#} s. Check that it runs and that the address in the connection string is right.", error);
        }
    }

    private async Task<Link> ConnectAsync()
    {
        Link? link = null;
        try
        {
            var (multiplexer, isShared) = await _create().WaitAsync(Timeout * 5, _time).ConfigureAwait(false);
            link = new Link(multiplexer, isShared, Database);
            await CheckServerAsync(link).ConfigureAwait(false);
            multiplexer.ConnectionRestored += OnRestored;
            Subscription[] subscriptions;
            lock (_lock) subscriptions = [.. _subscriptions];
            foreach (var subscription in subscriptions) await ListenAsync(link, subscription).ConfigureAwait(false);
            NoteAnswer();
            Reconnected?.Invoke();
            return link;
        }
        catch (Exception error)
        {
            lock (_lock) _retryAt = _time.GetTimestamp() + (long)(s_retryDelay.TotalSeconds * _time.TimestampFrequency);
            if (link is not null) await CloseAsync(link).ConfigureAwait(false);
            throw Explain(link?.Multiplexer, error, Timeout * 5);
        }
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs e) => Reconnected?.Invoke();

    private async Task CheckServerAsync(Link link)
    {
        string said;
        try
        {
            said = (string?)await link.Database.ExecuteAsync("INFO").WaitAsync(Timeout, _time).ConfigureAwait(false) ?? "";
        }
        catch (RedisServerException error) when (error.Message.StartsWith("NOPERM", StringComparison.Ordinal))
        {
            // What the user may not see cannot be checked; a script that the server does not understand says so.
            LogConnected(_logger, Server, "(version unknown: INFO is not permitted)");
            return;
        }

        var seen = Preflight.Line(said, "redis_version");
        if (Version.TryParse(seen, out var version) && version < RedisRequestException.OldestVersion) throw RedisErrors.TooOld(Server, seen);
        LogConnected(_logger, Server, seen);
        var policy = Preflight.Line(said, "maxmemory_policy");
        if (policy is not ("" or "noeviction") && Preflight.Line(said, "maxmemory") is not ("" or "0")) LogEvicts(_logger, Server, policy);
    }

    private async Task ListenAsync(Link link, Subscription subscription)
    {
        try
        {
            await link.Multiplexer.GetSubscriber().SubscribeAsync(subscription.Channel, (_, message) => subscription.OnMessage(message)).WaitAsync(Timeout, _time).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            LogDeaf(_logger, Server, subscription.Channel.ToString(), Explain(link.Multiplexer, error, Timeout).Message);
        }
    }

    private void Forget(Subscription subscription)
    {
        Task<Link>? link;
        lock (_lock)
        {
            if (!_subscriptions.Remove(subscription) || _subscriptions.Any(s => s.Channel.Equals(subscription.Channel))) return;
            link = _link;
        }

        if (link is { IsCompletedSuccessfully: true }) link.Result.Multiplexer.GetSubscriber().Unsubscribe(subscription.Channel, null, CommandFlags.FireAndForget);
    }

    private void NoteAnswer() => Volatile.Write(ref _brokenSince, 0);

    private RedisRequestException Explain(IConnectionMultiplexer? client, Exception error, TimeSpan limit) =>
        RedisErrors.Explain(error, Server, limit, User, client is null ? null : LoginRelays.Of(client));

    private RedisRequestException Note(Link link, Exception error, TimeSpan limit)
    {
        var explained = Explain(link.Multiplexer, error, limit);
        if (!explained.IsConnectionBroken)
        {
            NoteAnswer();
            return explained;
        }

        var now = _time.GetTimestamp();
        lock (_lock)
        {
            if (_brokenSince == 0) _brokenSince = now;
            var broken = _time.GetElapsedTime(_brokenSince, now);
            if (broken < s_patience || _link is not { IsCompletedSuccessfully: true } open || open.Result != link) return explained;
            _link = null;
            _brokenSince = 0;
            LogGivenUp(_logger, Server, broken, explained.Message);
        }

        _ = CloseAsync(link);
        return explained;
    }

    private async Task CloseAsync(Link link)
    {
        link.Multiplexer.ConnectionRestored -= OnRestored;
        if (link.IsShared) return;
        try
        {
            // Not waited for longer: what is still under way has failed or will not be missed.
            await OnItsOwnThread(() => link.Multiplexer.Close(allowCommandsToComplete: false)).WaitAsync(Timeout, _time).ConfigureAwait(false);
            link.Multiplexer.Dispose();
        }
        catch (Exception)
        {
            // A connection that does not even close is left to the garbage collector.
        }

        LoginRelays.Of(link.Multiplexer)?.Dispose();
    }

    private sealed class Link(IConnectionMultiplexer multiplexer, bool isShared, int database)
    {
        internal IConnectionMultiplexer Multiplexer { get; } = multiplexer;

        internal bool IsShared { get; } = isShared;

        internal IDatabase Database { get; } = multiplexer.GetDatabase(database);

        // What the server has been seen to know: a hash it does not know costs an exception for each caller.
        private readonly ConcurrentDictionary<RedisScript, bool> _known = new();

        internal bool Knows(RedisScript script) => _known.ContainsKey(script);

        internal void Learn(RedisScript script) => _known[script] = true;

        internal void ForgetScripts() => _known.Clear();
    }

    private sealed class Subscription(RedisConnection owner, RedisChannel channel, Action<RedisValue> onMessage) : IDisposable
    {
        private volatile bool _isOver;

        internal RedisChannel Channel { get; } = channel;

        internal void OnMessage(RedisValue message)
        {
            if (!_isOver) onMessage(message);
        }

        public void Dispose()
        {
            if (_isOver) return;
            _isOver = true;
            owner.Forget(this);
        }
    }
}
