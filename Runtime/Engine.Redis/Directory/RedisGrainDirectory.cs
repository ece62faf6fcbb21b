using Granary.Engine.Directory;
using Granary.Hosting;
using Granary.Redis;
using Orleans.GrainDirectory;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Granary.Engine.Redis.Directory;

/// <summary>The grain directory of a cluster, in Redis: one key a grain, written by compare-and-set. What is asked at the same time travels in one request. docs/redis.md describes the keys.</summary>
/// <remarks>
/// <para>Fencing. When the membership table is in the same Redis, a script that registers looks at the silo's lease in the same step: a silo without a living row cannot write, and the entry of such a silo is overwritten. <see cref="RegisterScript"/> sees to it that a server which may have
/// lost entries is noticed before anything is registered there.</para>
/// <para>An entry is replaced by its own silo without further ado: a silo has at most one activation of a grain, so an older entry of it is left over. It is removed only by the activation that is in it, so a late removal cannot
/// take a younger activation's entry.</para>
/// <para>Budget: an activation costs its key, its entry, a request item and its answer's address, and a 1/128 of a request.</para>
/// </remarks>
internal sealed class RedisGrainDirectory : IGrainDirectory, IRestorableDirectory
{
    private const int BatchSize = 128;
    private const int Requests = 3;

    /// <summary>Keys asked for in one step of a scan.</summary>
    private const int PageSize = 512;

    private readonly RedisConnection _connection;
    private readonly ClusterKeys _keys;
    private readonly bool _isFenced;
    private readonly Func<SiloAddress> _silo;
    private readonly RegisterScript _register;
    private readonly DirectoryEntry _entry = new();
    private volatile string _restoredIn = "";
    private readonly Batcher<Registration> _registrations;
    private readonly Batcher<Removal> _removals;
    private readonly Batcher<Question> _questions;

    /// <param name="connection">The server.</param>
    /// <param name="keys">The names.</param>
    /// <param name="isFenced">Whether the membership table is in the same server.</param>
    /// <param name="silo">This silo.</param>
    internal RedisGrainDirectory(RedisConnection connection, ClusterKeys keys, bool isFenced, Func<SiloAddress> silo)
    {
        _connection = connection;
        _keys = keys;
        _isFenced = isFenced;
        _silo = silo;
        _register = new RegisterScript(connection, keys, isFenced);
        _registrations = new Batcher<Registration>(BatchSize, Requests, SendAsync, static (item, error) => item.TrySetException(error));
        _removals = new Batcher<Removal>(BatchSize, Requests, SendAsync, static (item, error) => item.TrySetException(error));
        _questions = new Batcher<Question>(BatchSize, Requests, SendAsync, static (item, error) => item.TrySetException(error));
    }

    public Task<GrainAddress?> Register(GrainAddress address) => Register(address, null);

    public Task<GrainAddress?> Register(GrainAddress address, CancellationToken cancellationToken) => Register(address, null, cancellationToken);

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) => Register(address, previousAddress, isRestored: false);

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress, CancellationToken cancellationToken) =>
        Register(address, previousAddress, isRestored: false).WaitAsync(cancellationToken);

    public Task Unregister(GrainAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var removal = new Removal(_keys.DirectoryEntry(address.GrainId), _entry.Write(address.ActivationId, Silo(address)));
        _removals.Add(removal);
        return removal.Task;
    }

    public Task Unregister(GrainAddress address, CancellationToken cancellationToken) => Unregister(address).WaitAsync(cancellationToken);

    public Task<GrainAddress?> Lookup(GrainId grainId)
    {
        var question = new Question(grainId, _keys.DirectoryEntry(grainId));
        _questions.Add(question);
        return question.Task;
    }

    public Task<GrainAddress?> Lookup(GrainId grainId, CancellationToken cancellationToken) => Lookup(grainId).WaitAsync(cancellationToken);

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => UnregisterSilos(siloAddresses, CancellationToken.None);

    /// <summary>Goes through the whole directory page by page; each page is one request, and waits for the one before, so that other requests are served in between.</summary>
    public async Task UnregisterSilos(List<SiloAddress> siloAddresses, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(siloAddresses);
        if (siloAddresses.Count == 0) return;
        RedisValue[] silos = [.. siloAddresses.Select(s => (RedisValue)_entry.Text(s))];
        try
        {
            await foreach (var page in _connection.ScanAsync(_keys.DirectoryPattern, PageSize, cancellationToken).ConfigureAwait(false))
            {
                await _connection.RunAsync(DirectoryScripts.Clean, page, silos, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (RedisRequestException error)
        {
            throw Unavailable(error);
        }
    }

    public async Task<IReadOnlyList<GrainAddress>> RestoreAsync(IReadOnlyList<GrainAddress> mine, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(mine);
        // In parts, so that a million activations are not a million waiting requests.
        const int Part = BatchSize * 16;
        try
        {
            // What is registered below is registered in this epoch or a later one.
            _restoredIn = (string?)await _connection.RunAsync(db => db.HashGetAsync(_keys.Members, "#epoch"), cancellation).ConfigureAwait(false) ?? "";
        }
        catch (RedisRequestException error)
        {
            throw Unavailable(error);
        }

        var conflicts = new List<GrainAddress>();
        var waiting = new Task<GrainAddress?>[Math.Min(Part, mine.Count)];
        for (var start = 0; start < mine.Count; start += Part)
        {
            var count = Math.Min(Part, mine.Count - start);
            for (var i = 0; i < count; i++) waiting[i] = Register(mine[start + i], null, isRestored: true);
            await Task.WhenAll(waiting.AsSpan(0, count)).WaitAsync(cancellation).ConfigureAwait(false);
            for (var i = 0; i < count; i++)
            {
                if (waiting[i].Result is { } holder && !Equals(holder.SiloAddress, mine[start + i].SiloAddress)) conflicts.Add(holder);
            }
        }

        return conflicts;
    }

    public async Task CompleteRestoreAsync(CancellationToken cancellation)
    {
        RedisValue silo = _entry.Text(_silo());
        try
        {
            await _connection.RunAsync(DirectoryScripts.Complete, [_keys.Members, _keys.Restoring], [silo, _restoredIn], cancellation).ConfigureAwait(false);
        }
        catch (RedisRequestException error)
        {
            throw Unavailable(error);
        }
    }

    private static SiloAddress Silo(GrainAddress address) =>
        address.SiloAddress ?? throw new ArgumentException($"The address of {address.GrainId} has no silo.", nameof(address));

    private static DirectoryUnavailableException Unavailable(RedisRequestException error) => new($"The grain directory cannot be reached. {error.Message}", error);

    private Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previous, bool isRestored)
    {
        ArgumentNullException.ThrowIfNull(address);
        var silo = Silo(address);
        var registration = new Registration(
            address,
            _keys.DirectoryEntry(address.GrainId),
            _entry.Write(address.ActivationId, silo),
            previous is null ? [] : _entry.Write(previous.ActivationId, Silo(previous)),
            isRestored);
        _registrations.Add(registration);
        return registration.Task;
    }

    /// <summary>The script is of one silo, and either restores or does not: usually the whole batch is alike.</summary>
    private async Task<Exception?> SendAsync(Registration[] batch, int count)
    {
        Exception? failure = null;
        for (var start = 0; start < count;)
        {
            var first = batch[start];
            var end = start + 1;
            while (end < count && batch[end].IsRestored == first.IsRestored && batch[end].Address.SiloAddress!.Equals(first.Address.SiloAddress)) end++;
            failure ??= await SendAlikeAsync(batch.AsMemory(start, end - start)).ConfigureAwait(false);
            if (failure is not null)
            {
                foreach (var registration in batch.AsSpan(start, end - start)) registration.TrySetException(failure);
            }

            start = end;
        }

        return failure;
    }

    private async Task<Exception?> SendAlikeAsync(ReadOnlyMemory<Registration> alike)
    {
        try
        {
            var first = alike.Span[0];
            var silo = first.Address.SiloAddress!;
            var keys = new RedisKey[alike.Length + 2];
            var values = new RedisValue[(alike.Length * 2) + 3];
            keys[0] = _keys.Beats;
            keys[1] = _keys.Restoring;
            values[0] = _entry.Text(silo);
            values[1] = _isFenced ? 1 : 0;
            values[2] = first.IsRestored ? 1 : 0;
            for (var i = 0; i < alike.Length; i++)
            {
                var registration = alike.Span[i];
                keys[i + 2] = registration.Key;
                values[(2 * i) + 3] = registration.Entry;
                values[(2 * i) + 4] = registration.Previous;
            }

            var result = await _register.RunAsync(keys, values).ConfigureAwait(false);
            var answers = (RedisValue[]?)result ?? [];
            if (answers.Length != alike.Length || answers[0] == 2)
            {
                var fenced = new DirectoryUnavailableException(
                    $"The silo {silo} has no living row in the membership table {_keys.Members} at Redis {_connection.Server}, so it cannot register grains. Either it has been declared Dead and stops, or the table has lost its contents and the silo has not written its row again yet.");
                foreach (var registration in alike.Span) registration.TrySetException(fenced);
                return null;
            }

            for (var i = 0; i < alike.Length; i++) Settle(alike.Span[i], answers[i]);
            return null;
        }
        catch (RedisRequestException error)
        {
            return Unavailable(error);
        }
        catch (Exception error) when (error is InvalidCastException or IndexOutOfRangeException or FormatException or ObjectDisposedException)
        {
            return new DirectoryUnavailableException($"The directory at Redis {_connection.Server} gave an answer that cannot be read: {error.Message}", error);
        }
    }

    private void Settle(Registration registration, RedisValue answer)
    {
        if (answer == 1)
        {
            registration.TrySetResult(registration.Address);
        }
        else if (answer == 0)
        {
            registration.TrySetException(new DirectoryUnavailableException(
                $"The directory of the cluster is being restored: the silos register what they hold after the store has lost its contents ({_keys.Restoring} at Redis {_connection.Server} names those that have not yet). Until then {registration.Address.GrainId}, which nobody has registered, cannot be."));
        }
        else if (_entry.Read(registration.Address.GrainId, (byte[]?)answer) is { } holder)
        {
            registration.TrySetResult(holder);
        }
        else
        {
            registration.TrySetException(Unreadable(registration.Address.GrainId));
        }
    }

    private DirectoryUnavailableException Unreadable(GrainId grain) => new(
        $"The entry of {grain} in the directory at Redis {_connection.Server} is not one of this program's: see the key {_keys.DirectoryEntry(grain)}. Delete it if nothing else uses it.");

    private async Task<Exception?> SendAsync(Removal[] batch, int count)
    {
        try
        {
            var keys = new RedisKey[count];
            var values = new RedisValue[count];
            for (var i = 0; i < count; i++)
            {
                keys[i] = batch[i].Key;
                values[i] = batch[i].Entry;
            }

            await _connection.RunAsync(DirectoryScripts.Unregister, keys, values, CancellationToken.None).ConfigureAwait(false);
            for (var i = 0; i < count; i++) batch[i].TrySetResult();
            return null;
        }
        catch (Exception error) when (error is RedisRequestException or ObjectDisposedException)
        {
            var failure = error is RedisRequestException request ? Unavailable(request) : new DirectoryUnavailableException("The grain directory has been closed.", error);
            for (var i = 0; i < count; i++) batch[i].TrySetException(failure);
            return failure;
        }
    }

    private async Task<Exception?> SendAsync(Question[] batch, int count)
    {
        try
        {
            var keys = new RedisKey[count];
            for (var i = 0; i < count; i++) keys[i] = batch[i].Key;
            var entries = await _connection.RunAsync(db => db.StringGetAsync(keys), CancellationToken.None).ConfigureAwait(false);
            for (var i = 0; i < count; i++)
            {
                if (entries[i].IsNull) batch[i].TrySetResult(null);
                else if (_entry.Read(batch[i].Grain, (byte[]?)entries[i]) is { } address) batch[i].TrySetResult(address);
                else batch[i].TrySetException(Unreadable(batch[i].Grain));
            }

            return null;
        }
        catch (Exception error) when (error is RedisRequestException or ObjectDisposedException)
        {
            var failure = error is RedisRequestException request ? Unavailable(request) : new DirectoryUnavailableException("The grain directory has been closed.", error);
            for (var i = 0; i < count; i++) batch[i].TrySetException(failure);
            return failure;
        }
    }

    private sealed class Registration(GrainAddress address, RedisKey key, byte[] entry, byte[] previous, bool isRestored)
        : TaskCompletionSource<GrainAddress?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal GrainAddress Address { get; } = address;

        internal RedisKey Key { get; } = key;

        internal byte[] Entry { get; } = entry;

        internal byte[] Previous { get; } = previous;

        internal bool IsRestored { get; } = isRestored;
    }

    private sealed class Removal(RedisKey key, byte[] entry) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal RedisKey Key { get; } = key;

        internal byte[] Entry { get; } = entry;
    }

    private sealed class Question(GrainId grain, RedisKey key) : TaskCompletionSource<GrainAddress?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal GrainId Grain { get; } = grain;

        internal RedisKey Key { get; } = key;
    }
}
