using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class OptionsTests
{
    [Fact]
    public Task Without_a_key_the_host_does_not_start() => RefusedAsync(o => o.Authentication.Key = null, "Granary:Authentication:Key", "Granary__Authentication__Key", "openssl rand");

    [Fact]
    public Task A_short_key_is_refused_and_not_quoted() => RefusedAsync(o => o.Authentication.Key = "too short", "9 bytes", "32");

    [Fact]
    public Task A_key_and_an_authority_are_refused() => RefusedAsync(o => o.Authentication.Authority = "https://login.example.com", "both a Key and an Authority");

    [Fact]
    public Task An_algorithm_of_the_other_kind_is_refused() => RefusedAsync(o => o.Authentication.Algorithms.Add("RS256"), "RS256", "HS256");

    [Fact]
    public Task An_authority_without_tls_is_refused() => RefusedAsync(
        o =>
        {
            o.Authentication.Key = null;
            o.Authentication.Authority = "http://login.example.com";
        },
        "https");

    [Fact]
    public Task Values_out_of_range_are_refused_all_at_once() => RefusedAsync(
        o =>
        {
            o.Deadlines.Default = TimeSpan.Zero;
            o.Limits.JsonDepth = 0;
            o.RateLimits.Default.Tokens = 0;
        },
        "Granary:Deadlines:Default", "Granary:Limits:JsonDepth", "Granary:RateLimits:Default:Tokens");

    private static async Task RefusedAsync(Action<GatewayOptions> configure, params string[] says)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(configure));
        foreach (var text in says) Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("too short", error.Message, StringComparison.Ordinal);
    }
}
