using Granary.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Services.Tests;

public interface IIdleGrain : IGrainWithStringKey
{
    Task Touch();

    Task Delay(TimeSpan time);

    Task<string> Reason();
}

public sealed class IdleReasons
{
    public string Last { get; set; } = "";
}

public sealed class IdleGrain(IdleReasons reasons) : Grain, IIdleGrain
{
    public Task Touch() => Task.CompletedTask;

    public Task Delay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task<string> Reason() => Task.FromResult(reasons.Last);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        reasons.Last = reason.ReasonCode.ToString();
        return Task.CompletedTask;
    }
}

public interface IKeptGrain : IGrainWithStringKey
{
    Task Touch();
}

[KeepAlive]
public sealed class KeptGrain : Grain, IKeptGrain
{
    public Task Touch() => Task.CompletedTask;
}

public interface ILimitedGrain : IGrainWithStringKey
{
    Task Touch();
}

[CollectionAgeLimit(Minutes = 2)]
public sealed class LimitedGrain : Grain, ILimitedGrain
{
    public Task Touch() => Task.CompletedTask;
}

public sealed class CollectionTests
{
    private readonly ManualTime _time = new();
    private readonly IdleReasons _reasons = new();
    private readonly TimerScript _script = new();

    private Task<OneSilo> StartAsync() => OneSilo.StartAsync(
        s =>
        {
            s.Services.AddSingleton(_reasons).AddSingleton(_script);
            s.Configure<GrainCollectionOptions>(o => o.CollectionAge = TimeSpan.FromMinutes(10));
        },
        _time);

    [Fact]
    public async Task A_grain_that_nobody_calls_for_the_collection_age_is_deactivated_for_being_idle()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IIdleGrain>("a");
        await grain.Touch();
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.NotNull(silo.Core.Table.Find(grain.GetGrainId()));
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(2));
        await GoneAsync(silo, grain);
        Assert.Equal(nameof(DeactivationReasonCode.ActivationIdle), await grain.Reason());
    }

    [Fact]
    public async Task A_grain_that_is_called_now_and_then_stays()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IIdleGrain>("a");
        await grain.Touch();
        var activation = silo.Core.Table.Find(grain.GetGrainId());
        for (var i = 0; i < 10; i++)
        {
            await QuietAsync(silo);
            _time.Advance(TimeSpan.FromMinutes(8));
            await grain.Touch();
        }

        Assert.Same(activation, silo.Core.Table.Find(grain.GetGrainId()));
    }

    [Fact]
    public async Task A_class_has_its_own_age_or_none()
    {
        await using var silo = await StartAsync();
        var limited = silo.Grains.GetGrain<ILimitedGrain>("a");
        var kept = silo.Grains.GetGrain<IKeptGrain>("a");
        await limited.Touch();
        await kept.Touch();
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(3.5));
        await GoneAsync(silo, limited);
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromDays(30));
        Assert.NotNull(silo.Core.Table.Find(kept.GetGrainId()));
    }

    [Fact]
    public async Task DelayDeactivation_keeps_an_idle_grain_for_so_long()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IIdleGrain>("a");
        await grain.Delay(TimeSpan.FromMinutes(60));
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(58));
        Assert.NotNull(silo.Core.Table.Find(grain.GetGrainId()));
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(4));
        await GoneAsync(silo, grain);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_timer_keeps_its_grain_only_when_it_is_meant_to(bool keepAlive)
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        await grain.Begin(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), interleave: false, keepAlive);
        for (var i = 1; i <= 12; i++)
        {
            var ticks = i;
            await QuietAsync(silo);
            _time.Advance(TimeSpan.FromMinutes(1));
            if (silo.Core.Table.Find(grain.GetGrainId()) is null) break;
            await Eventually.HoldsAsync(
                () => silo.Core.Table.Find(grain.GetGrainId()) is null || (Volatile.Read(ref _script.Ticks) >= ticks && _time.IsSetFor(TimeSpan.FromMinutes(1))), "the tick has run, or the grain is gone");
        }

        if (keepAlive) Assert.NotNull(silo.Core.Table.Find(grain.GetGrainId()));
        else await GoneAsync(silo, grain);
    }

    [Fact]
    public async Task A_request_that_runs_keeps_its_grain()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ITimedGrain>("a");
        var waiting = grain.Wait();
        await Eventually.HoldsAsync(() => silo.Core.Table.Find(grain.GetGrainId()) is { RunningRequests: 1 }, "the request runs");
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(waiting.IsCompleted);
        Assert.Equal(1, silo.Core.Table.Find(grain.GetGrainId())!.RunningRequests);
        _script.Open.SetResult();
        await waiting.Within();
    }

    [Fact]
    public async Task Collection_on_demand_takes_what_is_idle_for_so_long_and_nothing_that_is_kept()
    {
        await using var silo = await StartAsync();
        var old = silo.Grains.GetGrain<IIdleGrain>("old");
        var young = silo.Grains.GetGrain<IIdleGrain>("young");
        var kept = silo.Grains.GetGrain<IKeptGrain>("kept");
        await old.Touch();
        await kept.Touch();
        await QuietAsync(silo);
        _time.Advance(TimeSpan.FromMinutes(5));
        await young.Touch();
        await QuietAsync(silo);
        Assert.Equal(1, silo.Services.GetRequiredService<SiloHost>().Collector!.Collect(TimeSpan.FromMinutes(4)));
        await GoneAsync(silo, old);
        Assert.NotNull(silo.Core.Table.Find(young.GetGrainId()));
        Assert.NotNull(silo.Core.Table.Find(kept.GetGrainId()));
    }

    /// <summary>A caller has its answer a moment before the turn that gave it is over.</summary>
    private static Task QuietAsync(OneSilo silo) => Eventually.HoldsAsync(() => silo.Core.Table.All().All(a => a.RunningRequests == 0), "nothing runs");

    private static Task GoneAsync(OneSilo silo, IAddressable grain) => Eventually.HoldsAsync(() => silo.Core.Table.Find(grain.GetGrainId()) is null, "the grain is gone");
}
