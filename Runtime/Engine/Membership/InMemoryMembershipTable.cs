namespace Granary.Engine.Membership;

/// <summary>The silos of one process: one silo, or several of a test cluster that share this object.</summary>
public sealed class InMemoryMembershipTable : IMembershipTable
{
    private readonly Lock _lock = new();
    private readonly List<Action<MembershipView>> _watchers = [];
    private volatile MembershipView _view = MembershipView.Empty;

    public MembershipView View => _view;

    public Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation)
    {
        MembershipView view;
        lock (_lock)
        {
            var current = _view;
            var existing = current.Silos.FirstOrDefault(s => s.Address.Equals(entry.Address));
            if (existing is { Status: Orleans.Runtime.SiloStatus.Dead }) return Task.FromResult(current);
            view = new MembershipView(current.Version + 1, [.. current.Silos.Where(s => !s.Address.Equals(entry.Address)), entry]);
            _view = view;
            // Under the lock, so that watchers see versions in order; they only note the view.
            foreach (var watcher in _watchers) watcher(view);
        }

        return Task.FromResult(view);
    }

    public Task<MembershipView> ReadAsync(CancellationToken cancellation) => Task.FromResult(_view);

    public IDisposable Watch(Action<MembershipView> onView)
    {
        lock (_lock)
        {
            _watchers.Add(onView);
            onView(_view);
        }

        return new Subscription(this, onView);
    }

    private sealed class Subscription(InMemoryMembershipTable table, Action<MembershipView> onView) : IDisposable
    {
        public void Dispose()
        {
            lock (table._lock) table._watchers.Remove(onView);
        }
    }
}
