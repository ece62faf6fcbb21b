using Granary.Rpc.Cluster;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Cluster;

/// <summary>
/// The cluster as <see cref="IManagementGrain"/> tells it, asked every second: for engines that have no <see cref="IClusterFeed"/> of their own. It has statuses only. A version counts the changes seen by
/// this process, so its epoch is this process.
/// </summary>
internal sealed class ManagementFeed(IGrainFactory grains, TimeProvider time, ILogger<ManagementFeed> logger) : BackgroundService, IClusterFeed
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private readonly string _epoch = Guid.NewGuid().ToString("N");
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterSnapshot? _current;

    public ClusterSnapshot Current => Volatile.Read(ref _current) ?? Initial();

    public async Task<ClusterSnapshot> NextAsync(ClusterSnapshot seen, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock) changed = _changed.Task;
            if (!ReferenceEquals(Current, seen)) return Current;
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Asks once.</summary>
    internal async Task PollAsync(CancellationToken cancellation)
    {
        var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts().WaitAsync(cancellation);
        var members = hosts.OrderBy(h => h.Key.ToParsableString(), StringComparer.Ordinal)
            .Select(h => new ClusterMember(h.Key, h.Key.Endpoint.ToString(), h.Value.ToString())).ToArray();
        lock (_lock)
        {
            var now = Current;
            if (now.Members.Select(m => (m.Address, m.Status)).SequenceEqual(members.Select(m => (m.Address, m.Status)))) return;
            _current = new ClusterSnapshot(now.Version + 1, _epoch, members);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_period, time);
        do
        {
            try
            {
                await PollAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // The list stays as it was; the next second it is asked for again.
                ClusterLog.PollFailed(logger, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private ClusterSnapshot Initial()
    {
        lock (_lock) return _current ??= new ClusterSnapshot(0, _epoch, []);
    }
}

/// <summary>What this host logs about the cluster.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(3001, LogLevel.Debug, "The list of silos could not be asked for; it stays as it was.")]
    internal static partial void PollFailed(ILogger logger, Exception error);
}
