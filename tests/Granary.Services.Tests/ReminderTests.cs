using System.Collections.Concurrent;
using Granary.Engine.Reminders;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Granary.Services.Tests;

public sealed class ReminderLog
{
    public ConcurrentQueue<(string Grain, string Name, TickStatus Status)> Ticks { get; } = new();

    public Func<int, Exception?> Fault { get; set; } = _ => null;

    public int Attempts;
}

public interface IRemindedGrain : IGrainWithStringKey
{
    Task Register(string name, TimeSpan due, TimeSpan period);

    Task Unregister(string name);

    Task<List<string>> Names();

    Task<bool> Has(string name);
}

public sealed class RemindedGrain(ReminderLog log) : Grain, IRemindedGrain, IRemindable
{
    public Task Register(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task Unregister(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public async Task<List<string>> Names() => [.. (await this.GetReminders()).Select(r => r.ReminderName).Order(StringComparer.Ordinal)];

    public async Task<bool> Has(string name) => await this.GetReminder(name) is not null;

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (log.Fault(Interlocked.Increment(ref log.Attempts)) is { } fault) throw fault;
        log.Ticks.Enqueue((this.GetPrimaryKeyString(), reminderName, status));
        return Task.CompletedTask;
    }
}

public sealed class ReminderTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly ReminderLog _log = new();

    private void Configure(ISiloBuilder silo)
    {
        silo.UseInMemoryReminderService();
        silo.Services.AddSingleton(_log);
        silo.Services.AddSingleton<TimeProvider>(_time);
    }

    [Fact]
    public async Task A_reminder_arrives_when_due_and_every_period_also_when_the_grain_is_not_active()
    {
        await using var silo = await OneSilo.StartAsync(Configure);
        var start = _time.GetUtcNow().UtcDateTime;
        var grain = silo.Grains.GetGrain<IRemindedGrain>("a");
        await grain.Register("wake", s_minute * 2, s_minute * 3);
        await TicksAfterAsync(s_minute * 2, 1);
        var gone = silo.Core.Table.Find(grain.GetGrainId())!;
        gone.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "test"));
        await gone.Deactivated.Within();
        await TicksAfterAsync(s_minute * 3, 2);
        var (key, name, status) = _log.Ticks.Last();
        Assert.Equal(("a", "wake"), (key, name));
        Assert.Equal(start + (s_minute * 2), status.FirstTickTime);
        Assert.Equal(s_minute * 3, status.Period);
        Assert.Equal(start + (s_minute * 5), status.CurrentTickTime);
    }

    [Fact]
    public async Task An_unregistered_reminder_arrives_no_more_and_a_changed_one_at_its_new_times()
    {
        await using var silo = await OneSilo.StartAsync(Configure);
        var grain = silo.Grains.GetGrain<IRemindedGrain>("a");
        await grain.Register("gone", s_minute, s_minute);
        await grain.Register("moved", s_minute, s_minute);
        Assert.Equal(["gone", "moved"], await grain.Names());
        await grain.Unregister("gone");
        await grain.Register("moved", s_minute * 10, s_minute * 10);
        Assert.False(await grain.Has("gone"));
        _time.Advance(s_minute * 9);
        Assert.Empty(_log.Ticks);
        await TicksAfterAsync(s_minute, 1);
        Assert.Equal("moved", _log.Ticks.Single().Name);
    }

    [Fact]
    public async Task A_period_below_the_minimum_is_refused_with_what_to_use_instead()
    {
        await using var silo = await OneSilo.StartAsync(Configure);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => silo.Grains.GetGrain<IRemindedGrain>("a").Register("fast", TimeSpan.Zero, TimeSpan.FromSeconds(5)));
        Assert.Contains("grain timer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tick_that_is_refused_on_its_way_is_tried_again()
    {
        await using var silo = await OneSilo.StartAsync(Configure);
        _log.Fault = attempt => attempt < 3 ? new SiloUnavailableException("not now") : null;
        await silo.Grains.GetGrain<IRemindedGrain>("a").Register("wake", s_minute, s_minute * 60);
        _time.Advance(s_minute);
        await AttemptsAsync(1);
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return !_log.Ticks.IsEmpty;
            },
            "the tick has arrived");
        Assert.Equal(3, _log.Attempts);
        Assert.Empty(silo.Log.From(LogLevel.Error));
    }

    [Fact]
    public async Task A_tick_that_fails_in_the_grain_is_logged_and_the_next_one_comes()
    {
        await using var silo = await OneSilo.StartAsync(Configure);
        _log.Fault = attempt => attempt == 1 ? new InvalidOperationException("reminder trouble") : null;
        await silo.Grains.GetGrain<IRemindedGrain>("a").Register("wake", s_minute, s_minute);
        _time.Advance(s_minute);
        await Eventually.HoldsAsync(() => silo.Log.From(LogLevel.Error).Any(line => line.Contains("reminder trouble", StringComparison.Ordinal)), "it is logged");
        await TicksAfterAsync(s_minute, 1);
    }

    [Fact]
    public async Task Reminders_are_shared_out_over_the_silos_and_those_of_a_killed_one_go_on_elsewhere()
    {
        await using var cluster = await Cluster.StartAsync(3, Configure);
        for (var i = 0; i < 60; i++) await cluster.GrainFactory.GetGrain<IRemindedGrain>($"g{i}").Register("wake", s_minute * 5, s_minute * 5);
        int[] Counts() => [.. cluster.Silos.Select(s => ((InProcessSiloHandle)s).ServiceProvider.GetRequiredService<ReminderService>().RunningCount)];
        await Eventually.HoldsAsync(() => Counts().Sum() == 60, "every reminder runs somewhere, once");
        Assert.All(Counts(), count => Assert.NotEqual(0, count));

        await cluster.KillSiloAsync(cluster.SecondarySilos[0]);
        await Eventually.HoldsAsync(() => Counts().Sum() == 60, "the two silos that are left run all");
        _time.Advance(s_minute * 5);
        await Eventually.HoldsAsync(() => _log.Ticks.Select(t => t.Grain).Distinct().Count() == 60, "every grain was reminded");

        await cluster.StartAdditionalSiloAsync();
        await Eventually.HoldsAsync(() => Counts().Sum() == 60 && Counts().All(c => c > 0), "the new silo has its part");
    }

    [Theory]
    [InlineData("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z")]
    [InlineData("2029-12-31T00:00:00Z", "2030-01-01T00:00:00Z")]
    [InlineData("2030-01-01T00:00:01Z", "2030-01-01T00:10:00Z")]
    [InlineData("2030-01-01T00:10:00Z", "2030-01-01T00:10:00Z")]
    [InlineData("2031-01-01T00:10:00Z", "2031-01-01T00:10:00Z")]
    public void The_next_tick_is_the_first_multiple_of_the_period_at_or_after_now(string now, string expected)
    {
        static DateTime Utc(string text) => DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AdjustToUniversal);
        Assert.Equal(Utc(expected), LocalReminder.NextTick(Utc("2030-01-01T00:00:00Z"), TimeSpan.FromMinutes(10), Utc(now)));
    }

    private Task AttemptsAsync(int count) => Eventually.HoldsAsync(() => Volatile.Read(ref _log.Attempts) == count, $"{count} attempts");

    /// <summary>Moves on until there are so many ticks; a reminder sets its clock again a moment after its tick has ended.</summary>
    private async Task TicksAfterAsync(TimeSpan time, int count)
    {
        _time.Advance(time);
        await Eventually.HoldsAsync(() => _log.Ticks.Count == count, $"{count} ticks");
        await Task.Yield();
    }
}
