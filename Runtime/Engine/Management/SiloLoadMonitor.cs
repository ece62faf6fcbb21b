using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Granary.Engine.Placement;
using Granary.Engine.Routing;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;
using Orleans.Statistics;

namespace Granary.Engine.Management;

/// <summary>Measures this silo's load and tells the others, every report period; they place by it. In a cluster of one it only measures when asked.</summary>
internal sealed partial class SiloLoadMonitor(
    SiloCore silo,
    SiloMembership membership,
    IGrainFactory grains,
    IEnvironmentStatisticsProvider environment,
    OverloadProbe probe,
    IOptions<EngineOptions> options,
    TimeProvider time,
    ILogger<SiloLoadMonitor> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan s_recently = TimeSpan.FromMinutes(10);

    private ITimer? _clock;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe<SiloLoadMonitor>(ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <param name="all">Also what takes a look at every activation; placement does not need it.</param>
    internal SiloReport Measure(bool all = true)
    {
        var statistics = environment.GetEnvironmentStatistics();
        var network = silo.Network as PeerNetwork;
        var connections = network?.Statistics().Connections;
        var recent = silo.Now - (long)s_recently.TotalMilliseconds;
        var report = new SiloReport
        {
            Activations = silo.Table.UserCount,
            RecentlyUsed = !all ? 0 : silo.Table.All().Count(a => a.LastUsed >= recent && !SystemGrains.IsSystem(a.GrainId)),
            IsOverloaded = probe.IsOverloaded,
            Clients = network?.ConnectedClients.Count ?? 0,
            Received = connections?.Sum(c => c.CallsIn) ?? 0,
            Sent = connections?.Sum(c => c.CallsOut) ?? 0,
            Cpu = statistics.FilteredCpuUsagePercentage,
            RawCpu = statistics.RawCpuUsagePercentage,
            Memory = statistics.FilteredMemoryUsageBytes,
            RawMemory = statistics.RawMemoryUsageBytes,
            AvailableMemory = statistics.FilteredAvailableMemoryBytes,
            RawAvailableMemory = statistics.RawAvailableMemoryBytes,
            MaximumMemory = statistics.MaximumAvailableMemoryBytes,
            QueueDelayMs = probe.DelayMs,
            At = time.GetUtcNow().UtcDateTime,
        };
        Take(silo.Address, report);
        return report;
    }

    /// <summary>A silo's report: what placement looks at.</summary>
    internal void Take(SiloAddress address, SiloReport report) =>
        silo.Placement.Loads.Report(address, new SiloLoad(report.Activations, report.Cpu, report.Memory, report.AvailableMemory, report.IsOverloaded, report.QueueDelayMs));

    [LoggerMessage(1071, LogLevel.Debug, "The load of this silo could not be told to {Silo}.")]
    private static partial void LogTellFailed(ILogger logger, SiloAddress silo, Exception error);

    private Task StartAsync(CancellationToken cancellation)
    {
        membership.Changed += OnViewChanged;
        using (ExecutionContext.SuppressFlow())
            _clock = time.CreateTimer(static s => ((SiloLoadMonitor)s!).Tell(), this, options.Value.LoadReportPeriod, options.Value.LoadReportPeriod);
        return Task.CompletedTask;
    }

    private Task StopAsync(CancellationToken cancellation)
    {
        membership.Changed -= OnViewChanged;
        _clock?.Dispose();
        return Task.CompletedTask;
    }

    private void OnViewChanged(MembershipView view)
    {
        foreach (var known in silo.Placement.Loads.Silos)
        {
            if (!view.IsAlive(known)) silo.Placement.Loads.Forget(known);
        }
    }

    private void Tell()
    {
        var others = silo.View.Active;
        if (others.Length < 2) return;
        var report = Measure(all: false);
        foreach (var other in others)
        {
            if (other.Address.Equals(silo.Address)) continue;
            try
            {
                _ = grains.GetGrain<ISiloControl>(SiloControl.IdIn(other.Address)).ReportLoad(silo.Address.ToParsableString(), report);
            }
            catch (Exception error)
            {
                LogTellFailed(logger, other.Address, error);
            }
        }
    }
}
