using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>The silos of one process: one silo, or several of a test cluster that share this object.</summary>
public sealed class InMemoryMembershipTable(TimeProvider? time = null) : IMembershipTable
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly List<Action<MembershipView>> _watchers = [];
    private readonly List<Action<Suspicion>> _suspicionWatchers = [];
    private readonly Dictionary<SiloAddress, Lease> _leases = []; // of the silos that are not Dead
    private readonly Dictionary<SiloAddress, long> _diedAt = [];
    private volatile MembershipView _view = MembershipView.Empty with { Epoch = Guid.NewGuid().ToString("N") };

    public MembershipView View => _view;

    public Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (Find(entry.Address) is { Status: SiloStatus.Dead }) return Task.FromResult(_view);
            if (entry.Status != SiloStatus.Dead) _leases.TryAdd(entry.Address, new Lease());
            return Task.FromResult(Write(entry));
        }
    }

    public Task<MembershipView> ReadAsync(CancellationToken cancellation) => Task.FromResult(_view);

    public IDisposable Watch(Action<MembershipView> onView)
    {
        lock (_lock)
        {
            _watchers.Add(onView);
            onView(_view);
        }

        return new Subscription(() =>
        {
            lock (_lock) _watchers.Remove(onView);
        });
    }

    public IDisposable WatchSuspicions(Action<Suspicion> onSuspicion)
    {
        lock (_lock) _suspicionWatchers.Add(onSuspicion);
        return new Subscription(() =>
        {
            lock (_lock) _suspicionWatchers.Remove(onSuspicion);
        });
    }

    public Task<Renewal> RenewAsync(SiloAddress silo, long seenVersion, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var state = Find(silo) switch
            {
                null => LeaseState.Lost,
                { Status: SiloStatus.Dead } => LeaseState.Dead,
                _ => LeaseState.Held,
            };
            if (state == LeaseState.Held && _leases.TryGetValue(silo, out var lease))
            {
                lease.Beat++;
                lease.SeenVersion = Math.Max(lease.SeenVersion, seenVersion);
                lease.Witnesses.Clear();
            }

            return Task.FromResult(new Renewal(state, _view.Version, _view.Epoch, [.. _leases.Select(l => new SiloBeat(l.Key, l.Value.Beat, l.Value.SeenVersion, [.. l.Value.Witnesses]))]));
        }
    }

    public Task<int> SuspectAsync(SiloAddress suspect, SiloAddress witness, long beat, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_leases.TryGetValue(suspect, out var lease) || lease.Beat != beat) return Task.FromResult(0);
            if (!lease.Witnesses.Contains(witness))
            {
                lease.Witnesses.Add(witness);
                foreach (var watcher in _suspicionWatchers) watcher(new Suspicion(suspect, witness, beat));
            }

            return Task.FromResult(lease.Witnesses.Count);
        }
    }

    public Task<bool> DeclareDeadAsync(SiloAddress suspect, long beat, SiloAddress by, string reason, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (Find(suspect) is not { } entry) return Task.FromResult(false);
            if (entry.Status == SiloStatus.Dead) return Task.FromResult(true);
            if (!_leases.TryGetValue(suspect, out var lease) || lease.Beat != beat) return Task.FromResult(false);
            Write(entry with { Status = SiloStatus.Dead });
            return Task.FromResult(true);
        }
    }

    public Task ForgetDeadAsync(TimeSpan keep, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            var kept = _view.Silos.Where(s => s.Status != SiloStatus.Dead || !_diedAt.TryGetValue(s.Address, out var at) || _time.GetElapsedTime(at, now) <= keep).ToArray();
            if (kept.Length == _view.Silos.Length) return Task.CompletedTask;
            foreach (var silo in _view.Silos.Except(kept)) _diedAt.Remove(silo.Address);
            Publish(new MembershipView(_view.Version + 1, [.. kept]) { Epoch = _view.Epoch });
        }

        return Task.CompletedTask;
    }

    private SiloEntry? Find(SiloAddress silo) => _view.Find(silo);

    private MembershipView Write(SiloEntry entry)
    {
        var version = _view.Version + 1;
        var before = Find(entry.Address)?.ActiveSince ?? 0;
        entry = entry with { ActiveSince = before == 0 && entry.Status == SiloStatus.Active ? version : before };
        if (entry.Status == SiloStatus.Dead)
        {
            _leases.Remove(entry.Address);
            _diedAt[entry.Address] = _time.GetTimestamp();
        }

        Publish(new MembershipView(version, [.. _view.Silos.Where(s => !s.Address.Equals(entry.Address)), entry]) { Epoch = _view.Epoch });
        return _view;
    }

    private void Publish(MembershipView view)
    {
        _view = view;
        // Under the lock, so that watchers see versions in order; they only note the view.
        foreach (var watcher in _watchers) watcher(view);
    }

    private sealed class Lease
    {
        // Leases of two tables, or of a row that was lost and written again, must not be taken for each other.
        internal long Beat { get; set; } = Random.Shared.NextInt64(1L << 40);

        internal long SeenVersion { get; set; }

        internal List<SiloAddress> Witnesses { get; } = [];
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
