using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Granary.Gateway.Admission;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

public sealed class RateLimitTests
{
    [Fact]
    public async Task A_policy_that_a_contract_names_and_the_configuration_does_not_have_stops_the_start()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(o => o.RateLimits.Policies.Remove("few")));
        Assert.Contains("Probe/Scarce names the rate limit 'few'", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_who_asks_too_much_is_told_when_to_come_back()
    {
        var time = new TestClock();
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<TimeProvider>(time));
        for (var left = 2; left >= 0; left--)
        {
            using var response = await host.PostAsync("/rpc/probe/a/Scarce", "{}");
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal("3", Assert.Single(response.Headers.GetValues("RateLimit-Limit")));
            Assert.Equal(left.ToString(), Assert.Single(response.Headers.GetValues("RateLimit-Remaining")));
            Assert.Equal(((3 - left) * 3600).ToString(), Assert.Single(response.Headers.GetValues("RateLimit-Reset")));
            Assert.Equal("3;w=10800", Assert.Single(response.Headers.GetValues("RateLimit-Policy")));
        }

        var problem = await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.Equal(TimeSpan.FromHours(1), problem.Response.Headers.RetryAfter?.Delta);
        Assert.Equal("0", Assert.Single(problem.Response.Headers.GetValues("RateLimit-Remaining")));

        time.Advance(TimeSpan.FromMinutes(59));
        await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        time.Advance(TimeSpan.FromMinutes(1));
        await host.PostAsync("/rpc/probe/a/Scarce", "{}", host.As(host.Token("alice", "user"))).OkAsync();
    }

    [Fact]
    public async Task Callers_methods_and_tokens_are_kept_apart_as_they_should_be()
    {
        await using var host = await GatewayHost.StartAsync();
        for (var i = 0; i < 3; i++) await host.PostAsync("/rpc/probe/a/Scarce", "{}").OkAsync();

        // Another token or another grain of the same caller is the same bucket; another caller, or none, and another method are not.
        await host.PostAsync("/rpc/probe/b/Scarce", "{}", host.As(host.Token("alice", "admin"))).ProblemAsync(429, "RESOURCE_EXHAUSTED");
        await host.PostAsync("/rpc/probe/a/Scarce", "{}", host.As(host.Token("bob"))).OkAsync();
        await host.PostAsync("/rpc/probe/a/Scarce", "{}", host.Anonymous).OkAsync();
        await host.Client.GetAsync("/rpc/probe/a/Open").OkAsync();
    }

    [Fact]
    public async Task Limits_can_be_turned_off()
    {
        await using var host = await GatewayHost.StartAsync(options => options.RateLimits.Enabled = false);
        for (var i = 0; i < 10; i++)
        {
            using var response = await host.PostAsync("/rpc/probe/a/Scarce", "{}");
            Assert.False(response.Headers.Contains("RateLimit-Limit"));
        }
    }

    [Fact]
    public async Task A_policy_that_is_not_configured_ends_the_start_and_says_what_to_write()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(options => options.RateLimits.Policies.Clear()));
        Assert.Contains("'few'", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"Policies\": { \"few\": {", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_needs_a_token_of_each_of_its_policies_and_a_refusal_costs_none()
    {
        var time = new TestClock();
        await using var host = await GatewayHost.StartAsync(
            options =>
            {
                options.RateLimits.Always.Add("tight");
                options.RateLimits.Policies["tight"] = new RateLimitPolicy { Tokens = 2, Period = TimeSpan.FromSeconds(2), By = [RateLimitBy.Caller] };
            },
            services => services.AddSingleton<TimeProvider>(time));
        using (var first = await host.PostAsync("/rpc/probe/a/Scarce", "{}"))
        {
            // The headers tell of the limit that is nearest.
            Assert.Equal("2", Assert.Single(first.Headers.GetValues("RateLimit-Limit")));
            Assert.Equal("1", Assert.Single(first.Headers.GetValues("RateLimit-Remaining")));
            Assert.Equal("3;w=10800, 2;w=2", string.Join(", ", first.Headers.GetValues("RateLimit-Policy")));
        }

        // Another method counts for the policy of the caller alone.
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
        for (var i = 0; i < 5; i++)
        {
            var problem = await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
            Assert.Contains("2 in 2 s", problem.Detail, StringComparison.Ordinal);
        }

        time.Advance(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 2; i++) await host.PostAsync("/rpc/probe/a/Scarce", "{}").OkAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        var scarce = await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.Contains("3 in 10800 s", scarce.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_so_many_calls_of_a_partition_are_under_way()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.RateLimits.Always.Add("two");
            options.RateLimits.Policies["two"] = new RateLimitPolicy { Tokens = 0, Concurrency = 2, By = [RateLimitBy.Caller] };
        });
        var held = new[] { host.PostAsync("/rpc/probe/a/Hold", "{}"), host.PostAsync("/rpc/probe/b/Hold", "{}") };
        await host.Grains.HeldAsync(2);
        var problem = await host.PostAsync("/rpc/probe/c/Nothing", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.Contains("2 at a time", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(1), problem.Response.Headers.RetryAfter?.Delta);
        await host.PostAsync("/rpc/probe/c/Nothing", "{}", host.As(host.Token("bob"))).OkAsync(204);

        host.Grains.Go.SetResult();
        foreach (var one in held) await one.OkAsync();
        for (var i = 0; i < 10; i++) await host.PostAsync("/rpc/probe/c/Nothing", "{}").OkAsync(204);
    }

    [Fact]
    public async Task A_stream_is_under_way_until_its_end()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.RateLimits.Always.Add("one");
            options.RateLimits.Policies["one"] = new RateLimitPolicy { Tokens = 0, Concurrency = 1, By = [RateLimitBy.All] };
        });
        using (var live = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Live") { Content = new StringContent("{}", null, "application/json") }, HttpCompletionOption.ResponseHeadersRead))
        {
            await host.Grains.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await host.PostAsync("/rpc/probe/c/Nothing", "{}", host.As(host.Token("bob"))).ProblemAsync(429, "RESOURCE_EXHAUSTED");
            host.Grains.Live.Writer.Complete();
            await live.Content.ReadAsStringAsync();
        }

        // The stream's stage ends after its last byte has gone out.
        for (var tries = 0; ; tries++)
        {
            using var answer = await host.PostAsync("/rpc/probe/c/Nothing", "{}");
            if (answer.IsSuccessStatusCode) break;
            Assert.True(tries < 1000, "The stream still counts.");
            await Task.Delay(10);
        }
    }

    [Fact]
    public async Task Each_protocol_says_that_too_many_calls_are_under_way()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.RateLimits.Always.Add("none");
            options.RateLimits.Policies["none"] = new RateLimitPolicy { Tokens = 0, Concurrency = 1, By = [RateLimitBy.All] };
        });
        var held = host.PostAsync("/rpc/probe/a/Hold", "{}");
        await host.Grains.HeldAsync(1);
        Assert.Contains("RESOURCE_EXHAUSTED", await host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"probe.Nothing","params":{"key":"a"}}""").OkAsync(), StringComparison.Ordinal);
        using (var connect = await host.PostAsync("/granary.tests.v1.Probe/Nothing", """{"key":"a"}""")) Assert.Contains("resource_exhausted", await connect.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        host.Grains.Go.SetResult();
        await held.OkAsync();
    }

    [Theory]
    [InlineData(new[] { RateLimitBy.Caller }, "alice a 10.0.0.1 One", "alice b 10.0.0.2 Two", true)]
    [InlineData(new[] { RateLimitBy.Caller }, "alice a 10.0.0.1 One", "bob a 10.0.0.1 One", false)]
    [InlineData(new[] { RateLimitBy.Caller }, "- - 10.0.0.1 One", "- - 10.0.0.1 Two", true)]
    [InlineData(new[] { RateLimitBy.Caller }, "- - 10.0.0.1 One", "- - 10.0.0.2 One", false)]
    [InlineData(new[] { RateLimitBy.Tenant }, "alice a 10.0.0.1 One", "bob a 10.0.0.2 Two", true)]
    [InlineData(new[] { RateLimitBy.Tenant }, "alice a 10.0.0.1 One", "alice b 10.0.0.1 One", false)]
    [InlineData(new[] { RateLimitBy.Tenant }, "alice - 10.0.0.1 One", "bob - 10.0.0.1 One", false)]
    [InlineData(new[] { RateLimitBy.Tenant }, "- - 10.0.0.1 One", "- - 10.0.0.2 One", false)]
    [InlineData(new[] { RateLimitBy.Address }, "alice a 10.0.0.1 One", "bob b 10.0.0.1 Two", true)]
    [InlineData(new[] { RateLimitBy.Address }, "alice a 10.0.0.1 One", "alice a 10.0.0.2 One", false)]
    [InlineData(new[] { RateLimitBy.Address }, "- - 2001:db8:1:2:3::4 One", "- - 2001:db8:1:2:ffff::1 One", true)]
    [InlineData(new[] { RateLimitBy.Address }, "- - 2001:db8:1:2::1 One", "- - 2001:db8:1:3::1 One", false)]
    [InlineData(new[] { RateLimitBy.Address }, "- - 10.0.0.1 One", "- - ::ffff:10.0.0.1 One", true)]
    [InlineData(new[] { RateLimitBy.Method }, "alice a 10.0.0.1 One", "bob b 10.0.0.2 One", true)]
    [InlineData(new[] { RateLimitBy.Method }, "alice a 10.0.0.1 One", "alice a 10.0.0.1 Two", false)]
    [InlineData(new[] { RateLimitBy.Caller, RateLimitBy.Service }, "alice a 10.0.0.1 One", "alice a 10.0.0.1 Two", true)]
    [InlineData(new[] { RateLimitBy.Caller, RateLimitBy.Address }, "alice a 10.0.0.1 One", "alice a 10.0.0.2 One", false)]
    [InlineData(new[] { RateLimitBy.All }, "alice a 10.0.0.1 One", "bob b 10.0.0.2 Two", true)]
    [InlineData(new RateLimitBy[0], "alice a 10.0.0.1 One", "alice a 10.0.0.2 One", true)]
    [InlineData(new RateLimitBy[0], "alice a 10.0.0.1 One", "alice a 10.0.0.1 Two", false)]
    public void Who_shares_a_bucket_is_what_the_policy_says(RateLimitBy[] by, string one, string other, bool share)
    {
        using var limiting = new Limiting(policies: ("once", new RateLimitPolicy { Tokens = 1, Period = TimeSpan.FromHours(1), By = by }));
        Assert.True(limiting.Take("once", one).IsGranted);
        Assert.NotEqual(share, limiting.Take("once", other).IsGranted);
    }

    [Fact]
    public void A_bucket_gains_tokens_steadily_up_to_its_burst()
    {
        var bucket = new TokenBucket();
        var rate = new TokenRate(5, 10);
        Assert.Equal(5, Enumerable.Range(0, 10).Count(_ => Take(bucket, rate, 100).Granted));
        Assert.False(Take(bucket, rate, 109).Granted);
        Assert.Equal(1, Take(bucket, rate, 109).RetryIn);
        Assert.True(Take(bucket, rate, 110).Granted);
        Assert.False(Take(bucket, rate, 110).Granted);
        Assert.Equal(5, Enumerable.Range(0, 10).Count(_ => Take(bucket, rate, 1000).Granted));
        Assert.False(bucket.IsFull(1049));
        Assert.True(bucket.IsFull(1050));
    }

    // A model that counts tokens, in whole units of 1/interval: it knows nothing of moments at which buckets are full.
    [Fact]
    public void A_bucket_is_a_token_bucket() => Check(
        from burst in Gen.Choose(1, 20)
        from interval in Gen.Choose(1, 50)
        from steps in (from wait in Gen.Choose(0, 99) from back in ArbMap.Default.GeneratorFor<bool>() select (wait, back)).ArrayOf()
        select (burst, interval, steps),
        t => IsTokenBucket(new TokenRate(t.burst, t.interval), t.steps));

    private static void IsTokenBucket(TokenRate rate, (int Wait, bool GivesBack)[] steps)
    {
        var bucket = new TokenBucket();
        var (now, tokens) = (1000L, rate.Capacity);
        foreach (var (wait, givesBack) in steps)
        {
            now += wait;
            tokens = Math.Min(rate.Capacity, tokens + wait);
            var lease = Take(bucket, rate, now);
            Assert.Equal(tokens >= rate.Interval, lease.Granted);
            if (lease.Granted && givesBack) bucket.GiveBack(rate);
            else if (lease.Granted) tokens -= rate.Interval;
            if (!givesBack && lease.Granted) Assert.Equal(tokens / rate.Interval, lease.Remaining);
            if (!lease.Granted) Assert.Equal(rate.Interval - tokens, lease.RetryIn);
        }
    }

    [Fact]
    public void Callers_at_once_get_what_the_bucket_holds_and_what_came_in_meanwhile() => Check(
        from burst in Gen.Choose(1, 100)
        from interval in Gen.Choose(1, 10)
        from time in Gen.Choose(0, 500)
        select (burst, interval, time),
        t => IsExactAtOnce(new TokenRate(t.burst, t.interval), t.time));

    private static void IsExactAtOnce(TokenRate rate, int end)
    {
        var bucket = new TokenBucket();
        var clock = 0L;
        var granted = 0;
        Parallel.For(0, 4, _ =>
        {
            while (Interlocked.Increment(ref clock) is var now && now <= end * 4)
            {
                if (Take(bucket, rate, now / 4).Granted) Interlocked.Increment(ref granted);
            }
        });

        // Those whose clock is behind may miss what has come in, none may get what has not.
        Assert.InRange(granted, 0, rate.Burst + (end / rate.Interval));
        while (Take(bucket, rate, end).Granted) granted++;
        Assert.InRange(granted, Math.Min(rate.Burst, end * 4), rate.Burst + (end / rate.Interval));
    }

    [Fact]
    public async Task A_bucket_grants_no_more_than_it_holds_to_callers_at_once()
    {
        var bucket = new TokenBucket();
        var rate = new TokenRate(1000, 1);
        var granted = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 1000).Count(_ => Take(bucket, rate, 0).Granted))));
        Assert.Equal(1000, granted.Sum());
    }

    [Fact]
    public void Buckets_are_bounded_and_newcomers_share_when_all_are_in_use()
    {
        using var limiting = new Limiting(100, ("pair", new RateLimitPolicy { Tokens = 1, Period = TimeSpan.FromMinutes(1), Burst = 2, By = [RateLimitBy.Caller] }));
        for (var i = 0; i < 100; i++) Assert.True(limiting.Take("pair", $"known{i} - 10.0.0.1 One").IsGranted);
        Assert.Equal(2, Enumerable.Range(0, 50).Count(i => limiting.Take("pair", $"new{i} - 10.0.0.1 One").IsGranted));
        Assert.True(limiting.Take("pair", "known1 - 10.0.0.1 One").IsGranted);
        Assert.InRange(limiting.Limiter.Count, 100, 101);

        // A minute later the buckets of all but one are full, which is to say forgotten.
        limiting.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.True(limiting.Take("pair", "late - 10.0.0.1 One").IsGranted);
        Assert.InRange(limiting.Limiter.Count, 1, 10);
    }

    [Fact]
    public void Nobody_gets_a_new_bucket_by_flooding_the_table_with_names()
    {
        using var limiting = new Limiting(100, ("once", new RateLimitPolicy { Tokens = 1, Period = TimeSpan.FromHours(1), By = [RateLimitBy.Address] }));
        Assert.True(limiting.Take("once", "- - 10.0.0.1 One").IsGranted);
        for (var second = 0; second < 50; second++)
        {
            for (var i = 0; i < 100; i++) limiting.Take("once", $"- - 2001:db8:{second}:{i:x}::1 One");
            limiting.Clock.Advance(TimeSpan.FromSeconds(70));
            Assert.Equal(second * 70 + 70 >= 3600, limiting.Take("once", "- - 10.0.0.1 One").IsGranted);
            if (second * 70 + 70 >= 3600) break;
        }

        Assert.InRange(limiting.Limiter.Count, 1, 101);
    }

    [Fact]
    public void A_bucket_that_was_forgotten_grants_nothing_and_one_in_use_is_not_forgotten()
    {
        var bucket = new TokenBucket();
        var rate = new TokenRate(1, 10);
        Assert.True(Take(bucket, rate, 0).Granted);
        Assert.False(bucket.TryForget(9));
        Assert.True(bucket.TryForget(10));
        Assert.False(bucket.TryTake(rate, 10, out _));
        bucket.GiveBack(rate);
        Assert.False(bucket.TryTake(rate, 10, out _));

        var underWay = new CallsUnderWay();
        Assert.True(underWay.TryEnter(1, out var entered) && entered);
        Assert.False(underWay.TryForget(0));
        Assert.True(underWay.TryEnter(1, out entered) && !entered);
        underWay.Leave();
        Assert.True(underWay.TryForget(0));
        Assert.False(underWay.TryEnter(1, out _));
    }

    [Theory]
    [InlineData("10.1.2.3", "ip:10.1.2.3")]
    [InlineData("::ffff:10.1.2.3", "ip:10.1.2.3")]
    [InlineData("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::")]
    [InlineData("2001:db8:1:2:ffff::1", "ip:2001:db8:1:2::")]
    public void An_anonymous_caller_is_its_address_or_its_network(string address, string name) => Assert.Equal(name, RateLimiter.NameOf(IPAddress.Parse(address)));

    private static void Check<T>(Gen<T> cases, Action<T> holds) => Prop.ForAll(Arb.From(cases), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static RateLimitLease Take(TokenBucket bucket, TokenRate rate, long now)
    {
        Assert.True(bucket.TryTake(rate, now, out var lease));
        return lease;
    }
}
