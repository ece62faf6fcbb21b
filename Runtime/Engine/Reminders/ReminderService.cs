using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Timers;

namespace Granary.Engine.Reminders;

/// <summary>
/// Runs the reminders of the grains that the ring gives to this silo, and registers reminders for grains of any silo. What is registered is in the table; this silo's part of it is read
/// at start, whenever a silo comes or goes, every refresh period, and reminder by reminder when another silo says that it has written one.
/// </summary>
/// <remarks>
/// Reading the table and taking over what was read happen under one gate, so an older reading never replaces a newer one. A tick is delivered by a grain call; when that is refused on its
/// way, it is tried again, so that a tick is delivered at least once as long as this silo lives.
/// </remarks>
internal sealed partial class ReminderService(
    SiloCore silo,
    SiloMembership membership,
    IReminderTable table,
    IGrainFactory grains,
    IOptions<ReminderOptions> options,
    TimeProvider time,
    ILogger<ReminderService> logger) : IReminderRegistry, ILifecycleParticipant<ISiloLifecycle>
{
    private const int Attempts = 5;
    private static readonly TimeSpan s_betweenAttempts = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPeriod = TimeSpan.FromMilliseconds(0xfffffffe);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<(GrainId Grain, string Name), LocalReminder> _running = [];
    private readonly CancellationTokenSource _stopped = new();
    private ITimer? _refresh;

    /// <summary>The reminders that this silo runs; for tests and pages.</summary>
    internal int RunningCount => _running.Count;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe<ReminderService>(ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public async Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reminderName);
        var least = options.Value.MinimumReminderPeriod;
        if (dueTime < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "The time to the first tick is zero or more.");
        if (period < least) throw new ArgumentException($"The reminder '{reminderName}' of {callingGrainId} has the period {period}; the least is {least}. Use a grain timer for shorter ones, or set ReminderOptions.MinimumReminderPeriod.", nameof(period));
        if (period > s_longestPeriod) throw new ArgumentOutOfRangeException(nameof(period), period, $"A period is at most {s_longestPeriod}.");
        var entry = new ReminderEntry { GrainId = callingGrainId, ReminderName = reminderName, StartAt = time.GetUtcNow().UtcDateTime + dueTime, Period = period };
        entry.ETag = await table.UpsertRow(entry);
        await TellOwnerAsync(callingGrainId, reminderName);
        return new Handle(reminderName, entry.ETag);
    }

    public async Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder)
    {
        if (reminder is not Handle handle) throw new ArgumentException($"{reminder.GetType()} is no reminder of this service.", nameof(reminder));
        if (!await table.RemoveRow(callingGrainId, handle.ReminderName, handle.ETag))
            throw new ReminderException($"The reminder '{handle.ReminderName}' of {callingGrainId} was removed or changed since it was read. Get it again with GetReminder.");
        await TellOwnerAsync(callingGrainId, handle.ReminderName);
    }

    public async Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName) =>
        await table.ReadRow(callingGrainId, reminderName) is { } row ? new Handle(row.ReminderName, row.ETag!) : null;

    public async Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId) =>
        [.. (await table.ReadRows(callingGrainId)).Reminders.Select(row => new Handle(row.ReminderName, row.ETag!))];

    /// <summary>Reads one reminder again.</summary>
    internal async Task RefreshAsync(GrainId grainId, string name)
    {
        await _gate.WaitAsync();
        try
        {
            if (_stopped.IsCancellationRequested) return;
            var row = await table.ReadRow(grainId, name);
            if (row is not null && silo.Address.Equals(new ReminderRing(silo.View).OwnerOf(grainId))) Run(row);
            else Drop((grainId, name));
        }
        finally
        {
            _gate.Release();
        }
    }

    [LoggerMessage(1061, LogLevel.Error, "The reminders of this silo could not be read; they are read again in {Delay}.")]
    private static partial void LogRefreshFailed(ILogger logger, TimeSpan delay, Exception error);

    [LoggerMessage(1062, LogLevel.Warning, "The reminder {Reminder} of {Grain} could not be announced to the silo that runs it; it begins there within {Delay}.")]
    private static partial void LogTellFailed(ILogger logger, string reminder, GrainId grain, TimeSpan delay, Exception error);

    [LoggerMessage(1063, LogLevel.Error, "The reminder {Reminder} of {Grain} failed.")]
    private static partial void LogTickFailed(ILogger logger, string reminder, GrainId grain, Exception error);

    private async Task StartAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Value.InitializationTimeout);
        await table.StartAsync(limit.Token);
        membership.Changed += OnViewChanged;
        _refresh = time.CreateTimer(static s => _ = ((ReminderService)s!).RefreshAllAsync(), this, options.Value.RefreshReminderListPeriod, options.Value.RefreshReminderListPeriod);
        await RefreshAllAsync();
    }

    private async Task StopAsync(CancellationToken cancellation)
    {
        membership.Changed -= OnViewChanged;
        if (_refresh is not null) await _refresh.DisposeAsync();
        await _stopped.CancelAsync();
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            foreach (var reminder in _running.Values) reminder.Dispose();
            _running.Clear();
        }
        finally
        {
            _gate.Release();
        }

        await table.StopAsync(cancellation);
    }

    private void OnViewChanged(MembershipView view) => _ = RefreshAllAsync();

    private async Task RefreshAllAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_stopped.IsCancellationRequested) return;
            var rows = new List<ReminderEntry>();
            foreach (var (begin, end) in new ReminderRing(silo.View).RangesOf(silo.Address)) rows.AddRange((await table.ReadRows(begin, end)).Reminders);
            var found = rows.Select(r => (r.GrainId, r.ReminderName)).ToHashSet();
            foreach (var gone in _running.Keys.Where(key => !found.Contains(key)).ToArray()) Drop(gone);
            foreach (var row in rows) Run(row);
        }
        catch (Exception error)
        {
            LogRefreshFailed(logger, options.Value.RefreshReminderListPeriod, error);
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Run(ReminderEntry row)
    {
        var key = (row.GrainId, row.ReminderName);
        if (_running.TryGetValue(key, out var running))
        {
            if (running.Entry.ETag == row.ETag) return;
            running.Dispose();
        }

        _running[key] = new LocalReminder(row, DeliverAsync, time);
    }

    private void Drop((GrainId Grain, string Name) key)
    {
        if (_running.Remove(key, out var running)) running.Dispose();
    }

    private async Task DeliverAsync(LocalReminder reminder, DateTime now)
    {
        var entry = reminder.Entry;
        var grain = grains.GetGrain<IRemindable>(entry.GrainId);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await grain.ReceiveReminder(entry.ReminderName, new TickStatus(entry.StartAt, entry.Period, now));
                ReminderMetrics.Delivered();
                return;
            }
            catch (Exception error) when (error is OrleansMessageRejectionException or GatewayTooBusyException && attempt < Attempts && !reminder.IsDisposed)
            {
                // It has not run, or nobody knows whether it has: at least once.
            }
            catch (Exception error)
            {
                LogTickFailed(logger, entry.ReminderName, entry.GrainId, error);
                return;
            }

            await Task.Delay(s_betweenAttempts, time);
        }
    }

    private async Task TellOwnerAsync(GrainId grainId, string name)
    {
        var owner = new ReminderRing(silo.View).OwnerOf(grainId);
        try
        {
            if (owner is null || owner.Equals(silo.Address)) await RefreshAsync(grainId, name);
            else await grains.GetGrain<IReminderOwner>(SystemGrains.IdFor(GrainType.Create(ReminderOwner.TypeName), owner)).Changed(grainId.ToString(), name);
        }
        catch (Exception error)
        {
            // It is written: the owner reads it at its next refresh.
            LogTellFailed(logger, name, grainId, options.Value.RefreshReminderListPeriod, error);
        }
    }

    private sealed record Handle(string ReminderName, string ETag) : IGrainReminder;
}
