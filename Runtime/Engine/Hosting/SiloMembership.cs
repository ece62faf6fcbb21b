using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Granary.Engine.Directory;
using Granary.Engine.Membership;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>
/// This silo's row in the membership table, and what it does when the table changes: views are applied in order, and what was known of a silo that is gone is forgotten.
/// Leases and failure detection are <see cref="LivenessAgent"/>'s.
/// </summary>
internal sealed partial class SiloMembership(
    SiloCore silo,
    IMembershipTable table,
    LivenessAgent liveness,
    DirectoryUpkeep directory,
    ILocalSiloDetails details,
    IOptions<EngineOptions> options,
    TimeProvider time,
    ILogger<SiloMembership> logger) : IDisposable
{
    private static readonly TimeSpan s_joinPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_leavePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_upkeepPeriod = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopped = new();
    private SiloEntry? _entry;
    private IDisposable? _watch;
    private Timer? _upkeep;
    private int _recovering;

    /// <summary>Called, outside locks, with each view after it has been applied. Views may be skipped.</summary>
    internal event Action<MembershipView>? Changed;

    /// <summary>Whether others can take this silo's grains over, so that it needs a lease.</summary>
    private bool IsClustered => !silo.Locator.IsLocal;

    /// <summary>Writes the row as Joining and begins to watch and to renew.</summary>
    /// <param name="listens">Whether this silo listens at its address.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="MembershipUnavailableException">The table could not be reached for half a minute.</exception>
    internal async Task JoinAsync(bool listens, CancellationToken cancellation)
    {
        if (IsClustered) await TakeGenerationAsync(cancellation);
        _entry = new SiloEntry(silo.Address, details.Name, SiloStatus.Joining, [.. options.Value.Roles], [.. silo.Types.Manifest()], time.GetUtcNow())
        {
            Release = options.Value.Release ?? ProgramRelease.Text,
            Weight = options.Value.Weight,
            Endpoints = options.Value.Endpoints.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        var sentAt = liveness.Now;
        var view = await TryAsync(
            () =>
            {
                sentAt = liveness.Now;
                return table.WriteAsync(_entry, cancellation);
            },
            s_joinPatience,
            cancellation);
        Apply(view);
        if (IsClustered)
        {
            liveness.TableLost += () => _ = RecoverAsync();
            liveness.Start(sentAt, view);
            _upkeep = new Timer(static s => ((SiloMembership)s!).ForgetDead(), this, s_upkeepPeriod, s_upkeepPeriod);
        }

        _watch = table.Watch(Apply);
        if (IsClustered && listens) await BuryPredecessorsAsync(view, cancellation);
    }

    /// <summary>From now on calls arrive and grains are placed here.</summary>
    internal Task BecomeActiveAsync(CancellationToken cancellation) => WriteAsync(SiloStatus.Active, s_joinPatience, cancellation);

    /// <summary>From now on no new grains are placed here. A table that cannot be reached does not keep the silo from leaving.</summary>
    internal Task LeaveAsync(CancellationToken cancellation) => TryWriteAsync(SiloStatus.ShuttingDown, cancellation);

    /// <summary>The silo is gone for good: it runs no turn any more. Idempotent. A table that cannot be reached does not keep it: the others find out.</summary>
    internal async Task DieAsync(CancellationToken cancellation)
    {
        if (_entry is null or { Status: SiloStatus.Dead }) return;
        if (IsClustered) silo.Fence.Close();
        liveness.Stop();
        await StopWatchingAsync();
        await TryWriteAsync(SiloStatus.Dead, cancellation);
    }

    /// <summary>As if the process had died: nobody is told.</summary>
    public void Dispose()
    {
        liveness.Dispose();
        if (IsClustered && _entry is not null) silo.Fence.Close();
        _ = StopWatchingAsync();
    }

    [LoggerMessage(1031, LogLevel.Information, "The silo {Silo} is {Status}.")]
    private static partial void LogStatus(ILogger logger, SiloAddress silo, SiloStatus status);

    [LoggerMessage(1032, LogLevel.Information, "The silo {Silo} left the cluster.")]
    private static partial void LogGone(ILogger logger, SiloAddress silo);

    [LoggerMessage(1033, LogLevel.Warning, "The membership table could not be told that {Silo} is {Status}: {Problem}")]
    private static partial void LogUntold(ILogger logger, SiloAddress silo, SiloStatus status, string problem);

    [LoggerMessage(1034, LogLevel.Warning, "The membership table has lost its contents. This silo writes its row and registers its grains again.")]
    private static partial void LogLost(ILogger logger);

    [LoggerMessage(1035, LogLevel.Warning, "The membership table cannot be reached; joining is tried again for {Patience}. {Problem}")]
    private static partial void LogRetried(ILogger logger, TimeSpan patience, string problem);

    [LoggerMessage(1036, LogLevel.Information, "{Silo} had this silo's address before: it is declared dead.")]
    private static partial void LogBuried(ILogger logger, SiloAddress silo);

    private async Task StopWatchingAsync()
    {
        _watch?.Dispose();
        if (_upkeep is not null) await _upkeep.DisposeAsync();
        await _stopped.CancelAsync();
    }

    private async Task<T> TryAsync<T>(Func<Task<T>> step, TimeSpan patience, CancellationToken cancellation)
    {
        var backoff = new Backoff(100, 2_000);
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await step();
            }
            catch (MembershipUnavailableException error) when (Environment.TickCount64 < until && !silo.Fence.IsClosed)
            {
                if (isFirst) LogRetried(logger, patience, error.Message);
            }

            await Task.Delay(backoff.Next(), TimeProvider.System, cancellation);
        }
    }

    private async Task WriteAsync(SiloStatus status, TimeSpan patience, CancellationToken cancellation)
    {
        _entry = _entry! with { Status = status };
        Apply(await TryAsync(() => table.WriteAsync(_entry, cancellation), patience, cancellation));
        LogStatus(logger, silo.Address, status);
    }

    private async Task TryWriteAsync(SiloStatus status, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_leavePatience);
        try
        {
            await WriteAsync(status, TimeSpan.Zero, limit.Token).WaitAsync(s_leavePatience, TimeProvider.System, cancellation);
        }
        catch (Exception error)
        {
            LogUntold(logger, silo.Address, status, error is OperationCanceledException or TimeoutException ? $"it did not answer within {s_leavePatience.TotalSeconds:0} s." : error.Message);
        }
    }

    /// <summary>Generations of an address only grow, also when clocks are set back or a process begins twice in a second.</summary>
    private async Task TakeGenerationAsync(CancellationToken cancellation)
    {
        var view = await TryAsync(() => table.ReadAsync(cancellation), s_joinPatience, cancellation);
        var last = view.Silos.Where(s => s.Address.Endpoint.Equals(silo.Address.Endpoint)).Select(s => s.Address.Generation).DefaultIfEmpty(int.MinValue).Max();
        if (last >= silo.Address.Generation) silo.Address = SiloAddress.New(silo.Address.Endpoint, last + 1);
    }

    /// <summary>Whoever had the address before is dead: this silo listens there now.</summary>
    private async Task BuryPredecessorsAsync(MembershipView view, CancellationToken cancellation)
    {
        if (!IsOwn(silo.Address.Endpoint.Address)) return;
        SiloEntry[] before = [.. view.Silos.Where(s => s.Status != SiloStatus.Dead && s.Address.Endpoint.Equals(silo.Address.Endpoint) && s.Address.Generation < silo.Address.Generation)];
        if (before.Length == 0) return;
        try
        {
            var beats = (await table.RenewAsync(silo.Address, view.Version, cancellation)).Beats;
            foreach (var old in before)
            {
                if (beats.FirstOrDefault(b => b.Silo.Equals(old.Address)) is not { } beat) continue;
                LogBuried(logger, old.Address);
                await table.DeclareDeadAsync(old.Address, beat.Beat, silo.Address, "a later silo listens at its address", cancellation);
            }
        }
        catch (MembershipUnavailableException)
        {
            // Then it is found dead as any other.
        }
    }

    /// <summary>Whether an address is one of this machine's: behind an address translation, who listens here does not own the port there.</summary>
    private static bool IsOwn(IPAddress address) =>
        IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces().Any(card => card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    /// <summary>Notes a view. Called under the table's lock: what follows from it runs elsewhere.</summary>
    private void Apply(MembershipView view)
    {
        MembershipView previous;
        lock (_lock)
        {
            previous = silo.View;
            if (!view.Replaces(previous)) return;
            if (IsClustered && previous.Version > 0 && view.Find(silo.Address) is null)
            {
                // A table that has lost its contents, or one that has forgotten this silo: the lease tells which.
                ThreadPool.UnsafeQueueUserWorkItem(static agent => agent.OnTableChanged(), liveness, preferLocal: false);
                return;
            }

            silo.View = view;
            liveness.OnView(view);
        }

        ThreadPool.UnsafeQueueUserWorkItem(static s => s.membership.OnChanged(s.previous, s.view), (membership: this, previous, view), preferLocal: false);
    }

    private void OnChanged(MembershipView previous, MembershipView view)
    {
        var gone = new List<SiloAddress>();
        foreach (var known in previous.Silos)
        {
            if (known.Status == SiloStatus.Dead || view.IsAlive(known.Address) || known.Address.Equals(silo.Address)) continue;
            gone.Add(known.Address);
            LogGone(logger, known.Address);
            silo.Locator.ForgetSilo(known.Address);
            silo.Network.ForgetSilo(known.Address);
        }

        if (IsClustered) directory.Clean(view, gone);
        // Someone who brought the rows of a lost table back did not know the newest of this one.
        if (IsClustered && previous.Version > 0 && previous.Epoch != view.Epoch && _entry is { } entry && view.Find(silo.Address)?.Status < entry.Status) _ = RecoverAsync();
        silo.Types.LearnFrom(view.Silos.Where(s => s.Status == SiloStatus.Active).SelectMany(s => s.GrainTypes));
        Changed?.Invoke(view);
    }

    /// <summary>Writes the row and registers the grains again, until that is done or the silo ends.</summary>
    private async Task RecoverAsync()
    {
        if (Interlocked.Exchange(ref _recovering, 1) != 0) return;
        try
        {
            LogLost(logger);
            var backoff = new Backoff(50, 1_000);
            while (!silo.Fence.IsClosed && !_stopped.IsCancellationRequested)
            {
                try
                {
                    Apply(await table.WriteAsync(_entry!, _stopped.Token));
                    await directory.RestoreAsync(_stopped.Token);
                    return;
                }
                catch (Exception error) when (error is MembershipUnavailableException or DirectoryUnavailableException)
                {
                    LogUntold(logger, silo.Address, _entry!.Status, error.Message);
                }

                await Task.Delay(backoff.Next(), TimeProvider.System, _stopped.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo ends.
        }
        finally
        {
            Volatile.Write(ref _recovering, 0);
        }
    }

    private void ForgetDead()
    {
        if (silo.View.Active is not [var lowest, ..] || !lowest.Address.Equals(silo.Address)) return;
        // Next time, if not now.
        _ = table.ForgetDeadAsync(options.Value.DeadSilosKept, _stopped.Token).ContinueWith(static done => _ = done.Exception, TaskScheduler.Default);
    }
}
