using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Granary.Engine.Membership;
using Granary.Hosting;
using Granary.Redis;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Granary.Engine.Redis.Membership;

/// <summary>The membership table of a cluster, in Redis. docs/redis.md describes the keys.</summary>
/// <remarks>
/// <para>Each method is one script. Views reach watchers in version order: by the answer to a change made here, and by reading when a message or the answer to a renewal names a later version. Readings are numbered when
/// they are sent, so that an answer from before a loss of the table never replaces one from after it; one connection answers in order.</para>
/// <para>Loss. A table without <c>#epoch</c> has lost its contents; so has one whose version is behind what was seen, or that is found on another server (<see cref="MembershipScripts.Verify"/>). The first silo of the earlier epoch that writes its row brings the rows of all that were alive in its view,
/// marked as not yet back in <c>restoring</c>. Before a silo has written its row there, it does not look at the new epoch's views: rows may be missing that it is about to bring. So nobody vanishes from the view; whoever does not come back is declared Dead as any other. Each of them learns <see cref="LeaseState.Lost"/> until it has written its row, then
/// registers its activations again and strikes itself out (<see cref="Granary.Engine.Directory.IRestorableDirectory"/>).</para>
/// </remarks>
internal sealed partial class RedisMembershipTable : IMembershipTable, IAsyncDisposable
{
    /// <summary>Half a minute of renewals: a silo that has come back and still has not restored its part is told once more, since all others wait for it.</summary>
    private const int RenewalsUntilToldAgain = 60;

    private const int MaxBadRows = 100;

    /// <summary>A renewal is over, one way or the other, well within a lease.</summary>
    private static readonly TimeSpan s_renewalTimeout = TimeSpan.FromSeconds(2);

    private readonly RedisConnection _connection;
    private readonly ClusterKeys _keys;
    private readonly RedisKey[] _tableKeys;
    private readonly ILogger _logger;
    private readonly BlockingLine? _renewals;
    private readonly Lock _lock = new();
    private readonly List<Action<MembershipView>> _watchers = [];
    private readonly List<Action<Suspicion>> _suspicionWatchers = [];
    private IDisposable? _viewMessages;
    private IDisposable? _suspicionMessages;
    private volatile MembershipView _view = MembershipView.Empty;
    private volatile bool _isDisposed;

    // Under the lock.
    private long _requests;
    private long _lastApplied;
    private string _ownEpoch = "";
    private bool _mustRestore;
    private string? _toldLossOf;
    private int _renewalsWhileRestoring;
    private int _reading;
    private readonly HashSet<string> _badRows = new(StringComparer.Ordinal);

    internal RedisMembershipTable(RedisConnection connection, ClusterKeys keys, ILogger logger)
    {
        _connection = connection;
        _keys = keys;
        _tableKeys = [keys.Members, keys.Beats, keys.Restoring];
        _logger = logger;
        if (connection.Configuration is { } configuration) _renewals = new BlockingLine(configuration, "Granary lease at Redis", TimeProvider.System);
        _connection.Reconnected += ReadSoon;
    }

    public MembershipView View => _view;

    /// <summary>The server's addresses.</summary>
    internal string Server => _connection.Server;

    internal int Database => _connection.Database;

    public async Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Listen();
        var view = _view;
        string ownEpoch;
        lock (_lock) ownEpoch = _ownEpoch;
        List<RedisValue> values =
        [
            entry.Address.ToParsableString(), SiloRow.Letter(entry.Status), SiloRow.Entry(entry), _keys.ViewChannel, NewEpoch(), ownEpoch, view.Version, NewBeat(),
        ];
        var (request, result) = await AskAsync(MembershipScripts.Write, [.. values, ""], cancellation).ConfigureAwait(false);
        if (IsText(result, "all"))
        {
            values.Add("all");
            foreach (var silo in view.Silos)
            {
                if (silo.Status == SiloStatus.Dead) continue;
                values.Add(silo.Address.ToParsableString());
                values.Add(SiloRow.Whole(silo));
            }

            (request, result) = await AskAsync(MembershipScripts.Write, [.. values], cancellation).ConfigureAwait(false);
        }

        var written = ReadView((RedisValue[]?)result ?? []);
        lock (_lock)
        {
            // Whose epoch changed without having been told to restore is told at its next renewal.
            if (_ownEpoch.Length > 0 && _ownEpoch != written.Epoch)
            {
                _mustRestore = _toldLossOf != _ownEpoch;
            }

            _ownEpoch = written.Epoch;
            Apply(request, written);
        }

        return written;
    }

    public async Task<MembershipView> ReadAsync(CancellationToken cancellation)
    {
        long request;
        Task<HashEntry[]> asked;
        HashEntry[] fields;
        try
        {
            lock (_lock)
            {
                request = ++_requests;
                asked = _connection.RunAsync(db => db.HashGetAllAsync(_keys.Members), cancellation);
            }

            fields = await asked.ConfigureAwait(false);
        }
        catch (RedisRequestException error)
        {
            throw Unavailable(error);
        }

        var view = ReadView([.. fields.SelectMany(static f => new[] { f.Name, f.Value })]);
        // A table without an epoch is none: it has lost its contents, or nobody has joined yet.
        if (view.Epoch.Length == 0) return _view;
        lock (_lock)
        {
            Apply(request, view);
            return view.Epoch == _view.Epoch ? view : _view;
        }
    }

    public IDisposable Watch(Action<MembershipView> onView)
    {
        Listen();
        lock (_lock)
        {
            _watchers.Add(onView);
            onView(_view);
        }

        return new Ending(() =>
        {
            lock (_lock) _watchers.Remove(onView);
        });
    }

    public IDisposable WatchSuspicions(Action<Suspicion> onSuspicion)
    {
        Listen();
        lock (_lock) _suspicionWatchers.Add(onSuspicion);
        return new Ending(() =>
        {
            lock (_lock) _suspicionWatchers.Remove(onSuspicion);
        });
    }

    public async Task<Renewal> RenewAsync(SiloAddress silo, long seenVersion, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var view = _view;
        string ownEpoch;
        lock (_lock) ownEpoch = _ownEpoch;
        var (answer, version, epoch, fields) = await AskToRenewAsync(
            [silo.ToParsableString(), seenVersion, view.Version, view.Epoch, NewEpoch(), _keys.ViewChannel, NewBeat()], cancellation).ConfigureAwait(false);
        var beats = ReadBeats(fields);
        var lease = answer switch
        {
            0 or 3 => LeaseState.Held,
            1 => LeaseState.Dead,
            _ => LeaseState.Lost,
        };
        lock (_lock)
        {
            _renewalsWhileRestoring = answer == 3 ? _renewalsWhileRestoring + 1 : 0;
            if (lease == LeaseState.Held && (_mustRestore || _renewalsWhileRestoring == RenewalsUntilToldAgain))
            {
                lease = LeaseState.Lost;
                _mustRestore = false;
                _renewalsWhileRestoring = 0;
            }
            else if (lease == LeaseState.Lost)
            {
                _toldLossOf = ownEpoch;
            }
        }

        if (epoch.Length > 0 && (epoch != view.Epoch || version > view.Version)) ReadSoon();
        return new Renewal(lease, version, epoch, beats);
    }

    public async Task<int> SuspectAsync(SiloAddress suspect, SiloAddress witness, long beat, CancellationToken cancellation)
    {
        var (_, result) = await AskAsync(
            MembershipScripts.Suspect, [suspect.ToParsableString(), witness.ToParsableString(), beat, _keys.SuspicionChannel], cancellation).ConfigureAwait(false);
        return (int)result;
    }

    public async Task<bool> DeclareDeadAsync(SiloAddress suspect, long beat, SiloAddress by, string reason, CancellationToken cancellation)
    {
        var (_, result) = await AskAsync(
            MembershipScripts.DeclareDead, [suspect.ToParsableString(), beat, _keys.ViewChannel, $"{by.ToParsableString()}: {reason}"], cancellation).ConfigureAwait(false);
        if ((int)result == 0) return false;
        // Whoever declares it acts on it at once.
        await ReadAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    public async Task ForgetDeadAsync(TimeSpan keep, CancellationToken cancellation)
    {
        var (_, result) = await AskAsync(MembershipScripts.ForgetDead, [(long)keep.TotalMilliseconds, _keys.ViewChannel], cancellation).ConfigureAwait(false);
        if ((int)result != 0) await ReadAsync(cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _connection.Reconnected -= ReadSoon;
        _viewMessages?.Dispose();
        _suspicionMessages?.Dispose();
        _renewals?.Dispose();
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(1211, LogLevel.Warning, "The row of {Silo} in the membership table {Key} at Redis {Server} cannot be read: {Problem}.")]
    private static partial void LogRow(ILogger logger, string silo, string key, string server, string problem);

    [LoggerMessage(1212, LogLevel.Warning, "The membership table could not be read; it is read again when it changes. {Problem}")]
    private static partial void LogUnread(ILogger logger, string problem);

    internal static string NewEpoch() => Guid.NewGuid().ToString("N")[..12];

    /// <summary>Somewhere new: leases of two tables, or of a row that was lost and written again, must not be taken for each other.</summary>
    internal static long NewBeat() => Random.Shared.NextInt64(1L << 40);

    private static bool IsText(RedisResult result, string text)
    {
        try
        {
            return (string?)result == text;
        }
        catch (InvalidCastException)
        {
            return false;
        }
    }

    private void Listen()
    {
        if (_suspicionMessages is not null) return;
        lock (_lock)
        {
            _viewMessages ??= _connection.Subscribe(_keys.ViewChannel, OnViewMessage);
            _suspicionMessages ??= _connection.Subscribe(_keys.SuspicionChannel, OnSuspicionMessage);
        }
    }

    private void OnViewMessage(RedisValue message)
    {
        var text = (string?)message ?? "";
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || !long.TryParse(text.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) return;
        var view = _view;
        if (view.Epoch.AsSpan().SequenceEqual(text.AsSpan(0, space)) && version <= view.Version) return;
        ReadSoon();
    }

    private void OnSuspicionMessage(RedisValue message)
    {
        var parts = ((string?)message ?? "").Split(' ');
        if (parts.Length != 3 || !SiloAddress.TryParse(parts[0], out var suspect) || !SiloAddress.TryParse(parts[1], out var witness)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var beat)) return;
        lock (_lock)
        {
            foreach (var watcher in _suspicionWatchers.ToArray()) watcher(new Suspicion(suspect, witness, beat));
        }
    }

    /// <summary>Reads the table, once more if asked meanwhile.</summary>
    private void ReadSoon()
    {
        if (Interlocked.Increment(ref _reading) == 1) _ = Task.Run(ReadOnAsync);
    }

    private async Task ReadOnAsync()
    {
        int asked;
        do
        {
            asked = Volatile.Read(ref _reading);
            try
            {
                await ReadAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error) when (error is MembershipUnavailableException or ObjectDisposedException)
            {
                // The next renewal sees the later version again, and who has left does not miss it.
                if (error is MembershipUnavailableException && !_isDisposed) LogUnread(_logger, error.Message);
            }
        }
        while (Interlocked.CompareExchange(ref _reading, 0, asked) != asked);
    }

    private async Task<(long Request, RedisResult Result)> AskAsync(RedisScript script, RedisValue[] values, CancellationToken cancellation, TimeSpan? timeout = null)
    {
        try
        {
            long request;
            Task<RedisResult> asked;
            // Numbered and sent in one step, so that numbers are in the order of sending.
            lock (_lock)
            {
                request = ++_requests;
                asked = _connection.RunAsync(script, _tableKeys, values, cancellation, timeout);
            }

            return (request, await asked.ConfigureAwait(false));
        }
        catch (RedisRequestException error)
        {
            throw Unavailable(error);
        }
    }

    /// <summary>By the line that needs no thread of the pool; by the client where that does not work: it knows the way in a Redis Cluster, and the application's own rules for certificates.</summary>
    private async Task<(long Answer, long Version, string Epoch, RedisValue[] Beats)> AskToRenewAsync(RedisValue[] values, CancellationToken cancellation)
    {
        if (_renewals is { IsReady: true } line)
        {
            try
            {
                var reply = await line.RunAsync(MembershipScripts.Renew, _tableKeys, values, s_renewalTimeout, cancellation).ConfigureAwait(false);
                if (reply is object?[] and [long answer, byte[] version, byte[] epoch, object?[] fields] && Utf8Parser.TryParse(version, out long number, out _))
                    return (answer, number, Encoding.UTF8.GetString(epoch), [.. fields.Select(static f => (RedisValue)(f as byte[]))]);
            }
            catch (RedisRequestException error) when (error.Problem == RedisProblem.TimedOut)
            {
                throw Unavailable(error);
            }
            catch (RedisRequestException)
            {
                // The client says what is wrong.
            }
        }

        var (_, result) = await AskAsync(MembershipScripts.Renew, values, cancellation, s_renewalTimeout).ConfigureAwait(false);
        var parts = (RedisResult[]?)result ?? [];
        if (parts.Length != 4) throw new MembershipUnavailableException($"Redis at {_connection.Server} answered a renewal with {parts.Length} parts instead of 4. Is it Redis?");
        return ((long)parts[0], (long)parts[1], (string?)parts[2] ?? "", (RedisValue[]?)parts[3] ?? []);
    }

    private static MembershipUnavailableException Unavailable(RedisRequestException error) => new($"The membership table cannot be reached. {error.Message}", error);

    /// <summary>Under the lock, so that watchers see versions in order; they only note the view.</summary>
    private void Apply(long request, MembershipView view)
    {
        if (view.Epoch == _view.Epoch)
        {
            _lastApplied = Math.Max(_lastApplied, request);
            if (view.Version <= _view.Version) return;
        }
        else
        {
            if (request < _lastApplied || (_ownEpoch.Length > 0 && view.Epoch != _ownEpoch)) return;
            _lastApplied = request;
        }

        _view = view;
        foreach (var watcher in _watchers.ToArray()) watcher(view);
    }

    private MembershipView ReadView(RedisValue[] fields)
    {
        var silos = ImmutableArray.CreateBuilder<SiloEntry>(fields.Length / 2);
        var version = 0L;
        var epoch = "";
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            var name = (string?)fields[i] ?? "";
            if (name.StartsWith('#'))
            {
                if (name == "#version") _ = long.TryParse((string?)fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out version);
                else if (name == "#epoch") epoch = (string?)fields[i + 1] ?? "";
                continue;
            }

            string? problem;
            if (SiloAddress.TryParse(name, out var address)) silos.Add(SiloRow.Read(address, (byte[]?)fields[i + 1], out problem));
            else problem = "its name is no silo address";
            // Once for each: a bad row stays until its silo is forgotten.
            if (problem is null) continue;
            lock (_badRows)
            {
                if (_badRows.Count > MaxBadRows || !_badRows.Add(name)) continue;
            }

            LogRow(_logger, name, _keys.Members.ToString(), _connection.Server, problem);
        }

        return new MembershipView(version, silos.DrainToImmutable()) { Epoch = epoch };
    }

    private static SiloBeat[] ReadBeats(RedisValue[] fields)
    {
        var beats = new List<SiloBeat>(fields.Length / 2);
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            if (!SiloAddress.TryParse((string?)fields[i], out var silo)) continue;
            var parts = ((string?)fields[i + 1] ?? "").Split(' ');
            var comma = parts[0].IndexOf(',', StringComparison.Ordinal);
            if (comma < 0
                || !long.TryParse(parts[0].AsSpan(0, comma), NumberStyles.None, CultureInfo.InvariantCulture, out var beat)
                || !long.TryParse(parts[0].AsSpan(comma + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seen)) continue;
            var witnesses = new List<SiloAddress>(parts.Length - 1);
            foreach (var part in parts.AsSpan(1))
            {
                if (SiloAddress.TryParse(part, out var witness)) witnesses.Add(witness);
            }

            beats.Add(new SiloBeat(silo, beat, seen, witnesses));
        }

        return [.. beats];
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
