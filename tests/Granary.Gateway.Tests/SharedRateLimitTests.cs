using Granary.Gateway.Admission;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class SharedRateLimitTests
{
    private const string Alice = "alice - 10.0.0.1 One";

    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);

    private readonly TestClock _clock = new();
    private readonly SharedTokens _store;

    public SharedRateLimitTests() => _store = new SharedTokens(_clock);

    [Fact]
    public async Task Two_gateways_grant_what_one_would()
    {
        using var one = await GatewayAsync(10);
        using var other = await GatewayAsync(10);
        Assert.Equal(10, await GrantedAsync(40, one, other));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(3, await GrantedAsync(40, one, other));
    }

    [Fact]
    public async Task Calls_that_come_while_the_store_is_asked_are_asked_for_together()
    {
        using var gateway = await GatewayAsync(4);
        _store.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, 6).Select(_ => gateway.AdmitAsync("few", Alice).AsTask()).ToArray();
        Assert.Equal(1, _store.Asked);
        _store.Hold.SetResult();
        var outcomes = await Task.WhenAll(calls);
        Assert.Equal(4, outcomes.Count(o => o.IsGranted));
        Assert.Equal(2, _store.Asked);
        Assert.All(outcomes.Where(o => !o.IsGranted), o => Assert.Equal(TimeSpan.FromSeconds(1), o.Refused!.Time(o.Lease.RetryIn)));
    }

    [Fact]
    public async Task A_bucket_that_is_known_to_be_empty_is_not_asked_for()
    {
        using var gateway = await GatewayAsync(3);
        Assert.Equal(3, await GrantedAsync(3, gateway));
        var asked = _store.Asked;
        Assert.Equal(0, await GrantedAsync(100, gateway));
        Assert.Equal(asked, _store.Asked);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await GrantedAsync(100, gateway));
    }

    [Fact]
    public async Task Frequent_calls_mostly_need_not_wait_and_get_no_more_than_a_lease_above_the_limit()
    {
        // 1,000 a second, of which the lease of 100 ms is 100.
        using var gateway = new Limiting(_store, _clock, null, ("many", Policy(1000, TimeSpan.FromSeconds(1))));
        await gateway.Shared.BeatAsync(s_patience, default);
        var granted = 0;
        for (var ms = 0; ms < 5000; ms++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            for (var i = 0; i < 2; i++)
            {
                if ((await gateway.AdmitAsync("many", Alice)).IsGranted) granted++;
            }

            Assert.True(granted <= 1000 + ms + 1 + 100, $"{granted} were granted after {ms} ms.");
        }

        // Asked for twice as much as comes in: nothing of it may be lost but what lies in a lease.
        Assert.InRange(granted, 5900, 6100);
        Assert.True(_store.Asked < 10_000, $"The store was asked {_store.Asked} times.");

        _clock.Advance(TimeSpan.FromSeconds(10));
        var asked = _store.Asked;
        for (var i = 0; i < 500; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(2));
            Assert.True((await gateway.AdmitAsync("many", Alice)).IsGranted);
        }

        Assert.InRange(_store.Asked - asked, 1, 100);
    }

    [Fact]
    public async Task Without_the_store_each_gateway_grants_its_share_and_asks_no_more()
    {
        _store.Gateways = 4;
        using var gateway = await GatewayAsync(40);
        _store.Fault = new TimeoutException("too slow");
        var granted = await GrantedAsync(100, gateway);
        Assert.Equal(10, granted);
        Assert.Equal(1, _store.Asked);
        Assert.False(gateway.Shared.IsShared);

        // A quarter of what comes in.
        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(2, await GrantedAsync(100, gateway));
        _clock.Advance(TimeSpan.FromHours(10));
        Assert.Equal(10, await GrantedAsync(100, gateway));
        Assert.Equal(1, _store.Asked);
    }

    [Fact]
    public async Task A_gateway_that_never_heard_of_the_others_grants_the_least_share()
    {
        _store.Fault = new IOException("no connection");
        using var gateway = await GatewayAsync(100);
        Assert.Equal(5, await GrantedAsync(100, gateway));
        Assert.Equal(0, _store.Asked);

        // A share of less than a token is one, and comes in as slowly as it must.
        using var small = await GatewayAsync(2);
        Assert.Equal(1, await GrantedAsync(100, small));
        _clock.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(0, await GrantedAsync(100, small));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await GrantedAsync(100, small));
    }

    [Fact]
    public async Task Losing_the_store_is_no_burst()
    {
        using var gateway = await GatewayAsync(10);
        Assert.Equal(10, await GrantedAsync(10, gateway));
        _clock.Advance(TimeSpan.FromSeconds(1));
        _store.Fault = new IOException("gone");
        Assert.Equal(1, await GrantedAsync(20, gateway));
    }

    [Fact]
    public async Task Having_the_store_back_is_no_burst_either()
    {
        _store.Gateways = 2;
        using var one = await GatewayAsync(10);
        using var other = await GatewayAsync(10);
        _store.Fault = new IOException("gone");
        Assert.Equal(5 + 5, await GrantedAsync(20, one) + await GrantedAsync(20, other));

        // It comes back, and knows nothing.
        _store.Fault = null;
        _store.Empty();
        _clock.Advance(TimeSpan.FromMilliseconds(900));
        await one.Shared.BeatAsync(s_patience, default);
        Assert.False(one.Shared.IsShared, "It is asked again after a second only.");
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        await one.Shared.BeatAsync(s_patience, default);
        await other.Shared.BeatAsync(s_patience, default);
        Assert.True(one.Shared.IsShared && other.Shared.IsShared);
        Assert.Equal(1, await GrantedAsync(20, one, other));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(10, await GrantedAsync(40, one, other));
    }

    [Fact]
    public async Task A_refusal_by_one_shared_policy_costs_no_token_of_another()
    {
        using var gateway = new Limiting(_store, _clock, null, ("few", Policy(3, TimeSpan.FromSeconds(3))), ("wide", Policy(5, TimeSpan.FromHours(5), RateLimitBy.All)), ("own", new RateLimitPolicy { Tokens = 5, Period = TimeSpan.FromHours(5), By = [RateLimitBy.All] }));
        await gateway.Shared.BeatAsync(s_patience, default);
        Assert.Equal(3, await GrantedAsync(30, "own, wide, few", Alice, gateway));
        Assert.Equal(2, await GrantedAsync(30, "own, wide, few", "bob - 10.0.0.1 One", gateway));
        Assert.Equal(0, await GrantedAsync(30, "wide", "carol - 10.0.0.1 One", gateway));
        Assert.Equal(0, await GrantedAsync(30, "own", "carol - 10.0.0.1 One", gateway));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(3, await GrantedAsync(30, "few", Alice, gateway));
    }

    [Fact]
    public async Task A_policy_that_is_shared_has_buckets_of_its_own_where_there_is_no_store()
    {
        using var gateway = new Limiting(null, _clock, null, ("few", Policy(3, TimeSpan.FromHours(3))));
        Assert.Equal(3, await GrantedAsync(30, gateway));
    }

    [Fact]
    public async Task Many_callers_at_once_over_two_gateways_get_the_limit_and_not_a_token_more()
    {
        using var one = await GatewayAsync(1000);
        using var other = await GatewayAsync(1000);
        var granted = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => GrantedAsync(400, i % 2 == 0 ? one : other))));
        Assert.Equal(1000, granted.Sum());
    }

    private static RateLimitPolicy Policy(int tokens, TimeSpan period, RateLimitBy by = RateLimitBy.Caller) => new() { Tokens = tokens, Period = period, By = [by], Shared = true };

    // A token a second, and every token is asked for.
    private async Task<Limiting> GatewayAsync(int burst)
    {
        var gateway = new Limiting(_store, _clock, limits => limits.Shared.Lease = TimeSpan.Zero, ("few", Policy(burst, TimeSpan.FromSeconds(burst))));
        await gateway.Shared.BeatAsync(s_patience, default);
        return gateway;
    }

    private static Task<int> GrantedAsync(int calls, params Limiting[] gateways) => GrantedAsync(calls, "few", Alice, gateways);

    private static async Task<int> GrantedAsync(int calls, string policies, string call, params Limiting[] gateways)
    {
        var granted = 0;
        for (var i = 0; i < calls; i++)
        {
            if ((await gateways[i % gateways.Length].AdmitAsync(policies, call)).IsGranted) granted++;
        }

        return granted;
    }
}
