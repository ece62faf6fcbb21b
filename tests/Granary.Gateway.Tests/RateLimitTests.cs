using System.Net;
using Granary.Gateway.Admission;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

public sealed class RateLimitTests
{
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
    public void A_bucket_gains_tokens_steadily_up_to_its_burst()
    {
        var bucket = new TokenBucket();
        var rate = new TokenRate(5, 10);
        Assert.Equal(5, Enumerable.Range(0, 10).Count(_ => bucket.Take(rate, 100).Granted));
        Assert.False(bucket.Take(rate, 109).Granted);
        Assert.Equal(1, bucket.Take(rate, 109).RetryIn);
        Assert.True(bucket.Take(rate, 110).Granted);
        Assert.False(bucket.Take(rate, 110).Granted);
        Assert.Equal(5, Enumerable.Range(0, 10).Count(_ => bucket.Take(rate, 1000).Granted));
        Assert.False(bucket.IsFull(1049));
        Assert.True(bucket.IsFull(1050));
    }

    [Fact]
    public async Task A_bucket_grants_no_more_than_it_holds_to_callers_at_once()
    {
        var bucket = new TokenBucket();
        var rate = new TokenRate(1000, 1);
        var granted = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 1000).Count(_ => bucket.Take(rate, 0).Granted))));
        Assert.Equal(1000, granted.Sum());
    }

    [Fact]
    public void Buckets_are_bounded_and_newcomers_share_when_all_are_in_use()
    {
        var time = new TestClock();
        var options = new GatewayOptions();
        options.RateLimits.MaximumBuckets = 100;
        options.RateLimits.Default = new RateLimitPolicy { Tokens = 1, Period = TimeSpan.FromMinutes(1), Burst = 2 };
        var limiter = new RateLimiter(Options.Create(options), time);
        var limit = limiter.Find(null, "");
        var target = new object();
        for (var i = 0; i < 100; i++) Assert.True(limiter.Take(limit, "known" + i, target).Granted);
        Assert.Equal(2, Enumerable.Range(0, 50).Count(i => limiter.Take(limit, "new" + i, target).Granted));
        Assert.True(limiter.Take(limit, "known1", target).Granted);
        Assert.InRange(limiter.Count, 100, 101);

        // A minute later the buckets of all but one are full, which is to say forgotten.
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(limiter.Take(limit, "late", target).Granted);
        Assert.InRange(limiter.Count, 1, 10);
    }

    [Theory]
    [InlineData("10.1.2.3", "ip:10.1.2.3")]
    [InlineData("::ffff:10.1.2.3", "ip:10.1.2.3")]
    [InlineData("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::")]
    [InlineData("2001:db8:1:2:ffff::1", "ip:2001:db8:1:2::")]
    public void An_anonymous_caller_is_its_address_or_its_network(string address, string name) => Assert.Equal(name, RateLimiter.NameOf(IPAddress.Parse(address)));
}
