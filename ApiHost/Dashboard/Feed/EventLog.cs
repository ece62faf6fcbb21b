using Granary.Rpc.Cluster;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>What happened in the cluster, as this host saw it: the last few hundred events. Thread-safe.</summary>
internal sealed class EventLog(TimeProvider time)
{
    private const int Most = 500;

    private readonly Lock _lock = new();
    private readonly Queue<EventView> _events = new();
    private long _last;

    /// <summary>The number of the newest; 0 for none.</summary>
    internal long Last => Volatile.Read(ref _last);

    internal void Add(string kind, string severity, string subject, string text)
    {
        lock (_lock)
        {
            _events.Enqueue(new EventView(_last + 1, time.GetUtcNow().ToUnixTimeMilliseconds(), kind, severity, subject, text));
            if (_events.Count > Most) _events.Dequeue();
            Volatile.Write(ref _last, _last + 1);
        }
    }

    /// <summary>Those after a number, the oldest first; the newest <paramref name="most"/> of them.</summary>
    internal EventView[] After(long id, int most)
    {
        lock (_lock) return [.. _events.Where(e => e.Id > id).TakeLast(most)];
    }
}

/// <summary>Writes down what becomes of silos, for as long as the host runs: it waits for changes and does nothing between them.</summary>
internal sealed class SiloEvents(IClusterFeed feed, EventLog events) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var seen = feed.Current;
        Compare([], seen.Members);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var next = await feed.NextAsync(seen, stoppingToken);
                Compare(seen.Members, next.Members);
                seen = next;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Tells how two lists of silos differ.</summary>
    internal void Compare(IReadOnlyList<ClusterMember> before, IReadOnlyList<ClusterMember> after)
    {
        var known = before.ToDictionary(m => m.Address, m => m.Status);
        foreach (var silo in after)
        {
            if (known.Remove(silo.Address, out var status) && status == silo.Status) continue;
            Tell(silo, status is not null);
        }

        foreach (var (address, status) in known)
        {
            if (status is not ("Dead" or "None")) events.Add("silo-dead", "bad", address.ToParsableString(), $"The silo {address.Endpoint} is no longer in the list; it was {status}.");
        }
    }

    private void Tell(ClusterMember silo, bool isKnown)
    {
        var subject = silo.Address.ToParsableString();
        var name = silo.Name.Length == 0 ? silo.Address.Endpoint.ToString() : silo.Name;
        var release = silo.Release.Length == 0 ? "" : $" with release {silo.Release}";
        switch (silo.Status)
        {
            case "Joining" or "Created":
                events.Add("silo-joining", "info", subject, $"The silo {name} joins{release}.");
                break;
            case ClusterMember.Active:
                events.Add("silo-active", "good", subject, $"The silo {name} serves{release}.");
                break;
            case ClusterMember.ShuttingDown or "Stopping":
                events.Add("silo-leaving", "info", subject, $"The silo {name} is stopping; its grains move.");
                break;
            case "Dead" when isKnown:
                events.Add("silo-dead", "bad", subject, $"The silo {name} is dead; its grains are activated elsewhere when they are called.");
                break;
        }
    }
}
