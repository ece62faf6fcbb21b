using System.Collections.Immutable;
using Granary.Engine.Membership;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>This silo's row in the membership table, and what it does when the table changes: views are applied in version order, and what was known of a silo that is gone is forgotten.</summary>
internal sealed partial class SiloMembership(
    SiloCore silo,
    IMembershipTable table,
    ILocalSiloDetails details,
    IOptions<EngineOptions> options,
    TimeProvider time,
    ILogger<SiloMembership> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private SiloEntry? _entry;
    private IDisposable? _watch;

    /// <summary>Called, outside locks, with each view after it has been applied. Views may be skipped.</summary>
    internal event Action<MembershipView>? Changed;

    /// <summary>Called when the cluster has declared this silo dead while it runs.</summary>
    internal event Action? DeclaredDead;

    /// <summary>Writes the row as Joining and begins to watch.</summary>
    internal async Task JoinAsync(CancellationToken cancellation)
    {
        _entry = new SiloEntry(silo.Address, details.Name, SiloStatus.Joining, [.. options.Value.Roles], [.. silo.Types.Manifest()], time.GetUtcNow())
        {
            Release = options.Value.Release ?? ProgramRelease.Text,
            Weight = options.Value.Weight,
            Endpoints = options.Value.Endpoints.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        Apply(await table.WriteAsync(_entry, cancellation));
        _watch = table.Watch(Apply);
    }

    /// <summary>From now on calls arrive and grains are placed here.</summary>
    internal Task BecomeActiveAsync(CancellationToken cancellation) => WriteAsync(SiloStatus.Active, cancellation);

    /// <summary>From now on no new grains are placed here.</summary>
    internal Task LeaveAsync(CancellationToken cancellation) => WriteAsync(SiloStatus.ShuttingDown, cancellation);

    /// <summary>The silo is gone for good. Idempotent.</summary>
    internal async Task DieAsync(CancellationToken cancellation)
    {
        if (_entry is null or { Status: SiloStatus.Dead }) return;
        _watch?.Dispose();
        await WriteAsync(SiloStatus.Dead, cancellation);
    }

    public void Dispose() => _watch?.Dispose();

    [LoggerMessage(1031, LogLevel.Information, "The silo {Silo} is {Status}.")]
    private static partial void LogStatus(ILogger logger, SiloAddress silo, SiloStatus status);

    [LoggerMessage(1032, LogLevel.Information, "The silo {Silo} left the cluster.")]
    private static partial void LogGone(ILogger logger, SiloAddress silo);

    private async Task WriteAsync(SiloStatus status, CancellationToken cancellation)
    {
        _entry = _entry! with { Status = status };
        Apply(await table.WriteAsync(_entry, cancellation));
        LogStatus(logger, silo.Address, status);
    }

    /// <summary>Notes a view. Called under the table's lock: what follows from it runs elsewhere.</summary>
    private void Apply(MembershipView view)
    {
        MembershipView previous;
        lock (_lock)
        {
            previous = silo.View;
            if (view.Version <= previous.Version) return;
            silo.View = view;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static s => s.membership.OnChanged(s.previous, s.view), (membership: this, previous, view), preferLocal: false);
    }

    private void OnChanged(MembershipView previous, MembershipView view)
    {
        foreach (var known in previous.Silos)
        {
            if (known.Status == SiloStatus.Dead || view.IsAlive(known.Address)) continue;
            if (known.Address.Equals(silo.Address))
            {
                if (_entry is not { Status: SiloStatus.Dead }) DeclaredDead?.Invoke();
                continue;
            }

            LogGone(logger, known.Address);
            silo.Locator.ForgetSilo(known.Address);
            silo.Network.ForgetSilo(known.Address);
        }

        silo.Types.LearnFrom(view.Silos.Where(s => s.Status == SiloStatus.Active).SelectMany(s => s.GrainTypes));
        Changed?.Invoke(view);
    }
}
