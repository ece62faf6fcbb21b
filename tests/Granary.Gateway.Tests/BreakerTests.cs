using Granary.Gateway.Resilience;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class BreakerTests
{
    private readonly TestClock _clock = new();
    private readonly BreakerOptions _options = new() { MinimumCalls = 4, FailureRatio = 0.5, Probes = 2 };
    private readonly Breaker _breaker;

    public BreakerTests() => _breaker = new Breaker("probe/Fail", _options, _clock);

    [Fact]
    public void It_opens_when_half_of_enough_calls_failed()
    {
        Call(BreakerOutcome.Failure);
        Call(BreakerOutcome.Failure);
        Call(BreakerOutcome.Success);
        Assert.Equal(BreakerState.Closed, _breaker.State);
        Call(BreakerOutcome.Success);
        Assert.Equal((4, 2), _breaker.Counts);
        Call(BreakerOutcome.Failure);
        Assert.Equal(BreakerState.Open, _breaker.State);
        Assert.False(_breaker.TryEnter(out _, out var retryAfter));
        Assert.Equal(_options.OpenTime, retryAfter);
    }

    [Fact]
    public void What_the_caller_cancelled_counts_neither_way()
    {
        for (var i = 0; i < 100; i++) Call(BreakerOutcome.Unknown);
        Assert.Equal((0, 0), _breaker.Counts);
    }

    [Fact]
    public void Failures_slide_out_of_the_window()
    {
        for (var i = 0; i < 3; i++) Call(BreakerOutcome.Failure);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal((3, 3), _breaker.Counts);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0, 0), _breaker.Counts);
        for (var i = 0; i < 3; i++) Call(BreakerOutcome.Failure);
        Assert.Equal(BreakerState.Closed, _breaker.State);
    }

    [Fact]
    public void After_the_open_time_probes_decide()
    {
        Open();
        _clock.Advance(_options.OpenTime - TimeSpan.FromMilliseconds(1));
        Assert.False(_breaker.TryEnter(out _, out _));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        var first = Enter();
        var second = Enter();
        Assert.True(first.IsProbe && second.IsProbe);
        Assert.Equal(BreakerState.HalfOpen, _breaker.State);
        Assert.False(_breaker.TryEnter(out _, out _), "Two are enough to see.");
        _breaker.End(first, BreakerOutcome.Success, 1);
        Assert.False(_breaker.TryEnter(out _, out _), "One that succeeded and one under way are two.");
        _breaker.End(second, BreakerOutcome.Success, 1);
        Assert.Equal(BreakerState.Closed, _breaker.State);
        Assert.False(Enter().IsProbe);
    }

    [Fact]
    public void A_probe_that_fails_opens_it_again()
    {
        Open();
        _clock.Advance(_options.OpenTime);
        var (first, second) = (Enter(), Enter());
        _breaker.End(first, BreakerOutcome.Failure, 1);
        Assert.Equal(BreakerState.Open, _breaker.State);

        // The other one of the same time has nothing to say any more.
        _breaker.End(second, BreakerOutcome.Success, 1);
        Assert.Equal(BreakerState.Open, _breaker.State);
        Assert.False(_breaker.TryEnter(out _, out var retryAfter));
        Assert.Equal(_options.OpenTime, retryAfter);
    }

    [Fact]
    public void A_probe_of_which_nothing_is_learnt_makes_room_for_another()
    {
        Open();
        _clock.Advance(_options.OpenTime);
        var (first, _) = (Enter(), Enter());
        _breaker.End(first, BreakerOutcome.Unknown, 1);
        Assert.True(Enter().IsProbe);
        Assert.False(_breaker.TryEnter(out _, out _));
    }

    [Fact]
    public void Calls_that_began_before_it_opened_say_nothing_about_the_time_after()
    {
        var early = Enumerable.Range(0, 10).Select(_ => Enter()).ToArray();
        Open();
        _clock.Advance(_options.OpenTime);
        var probes = new[] { Enter(), Enter() };
        foreach (var call in early) _breaker.End(call, BreakerOutcome.Failure, 1);
        Assert.Equal(BreakerState.HalfOpen, _breaker.State);
        foreach (var probe in probes) _breaker.End(probe, BreakerOutcome.Success, 1);
        foreach (var call in early) _breaker.End(call, BreakerOutcome.Failure, 1);
        Assert.Equal(BreakerState.Closed, _breaker.State);
        Assert.Equal((0, 0), _breaker.Counts);
    }

    [Fact]
    public void One_caller_among_several_cannot_open_it()
    {
        Call(BreakerOutcome.Success, caller: 1);
        for (var i = 0; i < 100; i++) Call(BreakerOutcome.Failure, caller: 2);
        Assert.Equal(BreakerState.Closed, _breaker.State);
        Call(BreakerOutcome.Failure, caller: 3);
        Assert.Equal(BreakerState.Open, _breaker.State);
    }

    [Fact]
    public void A_reset_closes_it_and_forgets()
    {
        Open();
        _breaker.Reset();
        Assert.Equal(BreakerState.Closed, _breaker.State);
        for (var i = 0; i < 3; i++) Call(BreakerOutcome.Failure);
        Assert.Equal(BreakerState.Closed, _breaker.State);
    }

    [Fact]
    public async Task Many_at_once_get_no_more_probes_than_there_are_and_leave_it_in_a_state_that_works()
    {
        for (var round = 0; round < 50; round++)
        {
            Open();
            _clock.Advance(_options.OpenTime);
            var permits = (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => _breaker.TryEnter(out var permit, out var _) ? permit : (BreakerPermit?)null)))).OfType<BreakerPermit>().ToArray();
            Assert.Equal(2, permits.Length);
            await Task.WhenAll(permits.Select(p => Task.Run(() => _breaker.End(p, round % 2 == 0 ? BreakerOutcome.Success : BreakerOutcome.Failure, 1))));
            Assert.Equal(round % 2 == 0 ? BreakerState.Closed : BreakerState.Open, _breaker.State);
            _breaker.Reset();
        }
    }

    [Fact]
    public async Task A_method_that_keeps_failing_is_answered_at_once_and_others_are_not()
    {
        await using var host = await HostAsync();
        for (var i = 0; i < 4; i++) await FailAsync(host, "Unavailable").ProblemAsync(503, "UNAVAILABLE");
        var problem = await FailAsync(host, "NotFound").ProblemAsync(503, "UNAVAILABLE");
        Assert.Contains("has failed too often", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(5), problem.Response.Headers.RetryAfter?.Delta);
        Assert.Contains("UNAVAILABLE", await host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"probe.Fail","params":{"key":"a","how":"NotFound"}}""").OkAsync(), StringComparison.Ordinal);
        using (var connect = await host.PostAsync("/granary.tests.v1.Probe/Fail", """{"key":"a","how":"NotFound"}""")) Assert.Contains("unavailable", await connect.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);

        _clock.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 2; i++) await FailAsync(host, "NotFound").ProblemAsync(404, "NOT_FOUND");
        Assert.Equal(BreakerState.Closed, host.Services.GetRequiredService<Breakers>().Read().Single(b => b.Name == "granary.tests.v1.Probe/Fail").State);
    }

    [Fact]
    public async Task Mistakes_of_callers_do_not_open_it()
    {
        await using var host = await HostAsync();
        for (var i = 0; i < 20; i++) await FailAsync(host, i % 2 == 0 ? "InvalidArgument" : "PermissionDenied").ContinueWith(t => t.Result.Dispose(), TaskScheduler.Default);
        await FailAsync(host, "NotFound").ProblemAsync(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Callers_who_allow_too_little_time_do_not_open_it()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Breakers = _options);
        host.Client.DefaultRequestHeaders.Add("Request-Timeout", "0.02");
        for (var i = 0; i < 20; i++) await host.PostAsync("/rpc/probe/a/Wait", "{}").ProblemAsync(504, "DEADLINE_EXCEEDED");
        Assert.Equal((BreakerState.Closed, 0), host.Services.GetRequiredService<Breakers>().Read().Where(b => b.Name == "granary.tests.v1.Probe/Wait").Select(b => (b.State, b.Calls)).Single());
    }

    [Fact]
    public async Task A_method_that_takes_all_the_time_it_has_opens_it()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Breakers = _options);
        host.Log.Expect("breaker of granary.tests.v1.Probe/WaitBriefly opens");
        for (var i = 0; i < 4; i++) await host.PostAsync("/rpc/probe/a/WaitBriefly", "{}").ProblemAsync(504, "DEADLINE_EXCEEDED");
        await host.PostAsync("/rpc/probe/a/WaitBriefly", "{}").ProblemAsync(503, "UNAVAILABLE");
    }

    private async Task<GatewayHost> HostAsync()
    {
        var host = await GatewayHost.StartAsync(options => options.Breakers = _options, services => services.AddSingleton<TimeProvider>(_clock));
        host.Log.Expect("The breaker of granary.tests.v1.Probe/Fail");
        return host;
    }

    private static Task<HttpResponseMessage> FailAsync(GatewayHost host, string how) => host.PostAsync("/rpc/probe/a/Fail", $$"""{"how":"{{how}}"}""");

    private BreakerPermit Enter()
    {
        Assert.True(_breaker.TryEnter(out var permit, out _));
        return permit;
    }

    private void Call(BreakerOutcome outcome, int caller = 1) => _breaker.End(Enter(), outcome, caller);

    private void Open()
    {
        for (var i = 0; i < 4; i++) Call(BreakerOutcome.Failure);
        Assert.Equal(BreakerState.Open, _breaker.State);
    }
}
