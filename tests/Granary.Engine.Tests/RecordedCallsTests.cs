using Granary.Rpc;
using Granary.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Engine.Tests;

/// <summary>What a silo counts of the calls it runs, whichever way they go.</summary>
public sealed class RecordedCallsTests : IAsyncLifetime
{
    private readonly IHost _host;

    public RecordedCallsTests()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new CallRecorder(new StatisticsOptions(), TimeProvider.System));
        builder.UseOrleans(silo => new TestSilo().Configure(silo));
        _host = builder.Build();
    }

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    private CallRecorder Calls => _host.Services.GetRequiredService<CallRecorder>();

    public Task InitializeAsync() => _host.StartAsync();

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    [Fact]
    public async Task Calls_in_place_in_the_mailbox_and_from_many_callers_are_all_counted()
    {
        var grain = Grains.GetGrain<ITurnGrain>("counted");
        for (var i = 0; i < 1000; i++) await grain.Touch();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++) await grain.Touch();
        })));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.Overlap()));
        Assert.Equal((5000, 5000), await SettledAsync("Touch", 5000));
        Assert.Equal((20, 20), await SettledAsync("Overlap", 20));
        Assert.Equal(0, Errors("Touch"));
    }

    [Fact]
    public async Task A_call_that_waits_is_in_flight_until_it_ends_and_its_time_is_known()
    {
        var grain = Grains.GetGrain<ITurnGrain>("flying");
        var held = grain.Hold("recorded-hold");
        await Gates.Get("recorded-hold").Arrival();
        Assert.Equal((1, 0), Read("Hold"));
        Gates.Get("recorded-hold").Open();
        await held;
        Assert.Equal((1, 1), await SettledAsync("Hold", 1));
        var counts = new long[DurationHistogram.Buckets];
        Calls.DurationsOf(Number("Hold"))!.AddTo(counts);
        Assert.Equal(1, counts.Sum());
        Assert.Contains(Calls.Slowest(100), c => c.Grain.ToString() == "turn/flying" && Calls.Methods[c.Method].Method == "Hold");
    }

    [Fact]
    public async Task A_grain_that_is_looked_at_keeps_every_call_with_its_wait()
    {
        var grain = Grains.GetGrain<ITurnGrain>("watched");
        for (var i = 0; i < 5000; i++) await grain.Touch();
        var id = grain.GetGrainId();
        Calls.Watch(id);
        var held = grain.Hold("recorded-watch");
        await Gates.Get("recorded-watch").Arrival();
        var behind = grain.Touch();
        Gates.Get("recorded-watch").Open();
        await held;
        await behind;
        for (var i = 0; i < 9; i++) await grain.Touch();
        await UntilAsync(() => Calls.Watch(id).Length == 11, "every call is kept");
        var calls = Calls.Watch(id);
        Assert.Equal(10, calls.Count(c => Calls.Methods[c.Method].Method == "Touch"));
        Assert.Contains(calls, c => c.QueuedNanoseconds > 0);
    }

    [Fact]
    public async Task Refused_expired_and_failed_calls_count_as_errors_by_their_code()
    {
        var grain = Grains.GetGrain<ITurnGrain>("errors");
        var held = grain.Hold("recorded-errors");
        await Gates.Get("recorded-errors").Arrival();
        using (RpcDeadline.Within(TimeSpan.FromMilliseconds(30))) await Assert.ThrowsAsync<TimeoutException>(() => grain.Touch());
        Gates.Get("recorded-errors").Open();
        await held;
        await UntilAsync(() => Errors("Touch", StatusCode.DeadlineExceeded) == 1, "the expired call is counted");
        var (begun, ended) = Read("Touch");
        Assert.Equal(begun, ended);
    }

    [Fact]
    public async Task The_engines_own_calls_are_not_counted()
    {
        await Grains.GetGrain<IManagementGrain>(0).GetTotalActivationCount();
        await Grains.GetGrain<ITurnGrain>("some").Touch();
        foreach (var method in Calls.Methods[2..]) Assert.DoesNotContain("sys.", method.GrainType, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> holds, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            Assert.False(patience.IsCancellationRequested, $"not in time: {what}");
            await Task.Yield();
        }
    }

    /// <summary>The count is of the turn, which may end after the caller has its answer.</summary>
    private async Task<(long Begun, long Ended)> SettledAsync(string method, long ended)
    {
        await UntilAsync(() => Read(method).Ended >= ended, $"{ended} calls of {method} ended");
        return Read(method);
    }

    private int Number(string method)
    {
        var methods = Calls.Methods;
        for (var i = 2; i < methods.Length; i++)
        {
            if (methods[i].Method == method && methods[i].GrainType == "turn") return i;
        }

        return 0;
    }

    private (long Begun, long Ended) Read(string method)
    {
        var count = Calls.Methods.Length;
        var (begun, ended) = (new long[count], new long[count]);
        Calls.ReadCounts(begun, ended);
        var number = Number(method);
        return (begun[number], ended[number]);
    }

    private long Errors(string method, StatusCode? code = null) => Calls.ErrorsOf(Number(method)) is not { } errors ? 0 : code is { } one ? errors[(int)one] : errors.Sum();
}
