using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>What changes while the host runs.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task A_rate_limit_that_changes_counts_at_once_and_the_others_keep_what_was_taken()
    {
        var (host, settings) = await StartAsync(("RateLimits:Policies:few:Burst", "2"), ("RateLimits:Policies:rare:Tokens", "1"), ("RateLimits:Policies:rare:Period", "01:00:00"));
        await using var ends = host;
        await TakeAllAsync(host, 2);
        Change(settings, ("RateLimits:Policies:rare:Tokens", "2"));
        await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Change(settings, ("RateLimits:Policies:few:Burst", "4"));
        await TakeAllAsync(host, 4);
    }

    [Fact]
    public async Task A_change_that_cannot_be_is_told_with_all_its_faults_and_nothing_of_it_is_taken()
    {
        var (host, settings) = await StartAsync(("RateLimits:Policies:few:Burst", "2"), ("Blocking:Subjects:0", "mallory"));
        await using var ends = host;
        host.Log.Expect("The configuration changed to something that cannot be");
        await TakeAllAsync(host, 2);
        Change(settings, ("RateLimits:Policies:few:Burst", "50"), ("Limits:JsonDepth", "0"), ("Deadlines:Default", "-00:00:01"), ("Blocking:Subjects:0", "alice"));
        var told = host.Log.Expected.Last();
        Assert.Contains("Granary:Limits:JsonDepth", told, StringComparison.Ordinal);
        Assert.Contains("Granary:Deadlines:Default", told, StringComparison.Ordinal);
        await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);

        // None of its type, and a policy that a method needs taken away: told too.
        Change(settings, ("Limits:JsonDepth", "32"), ("Deadlines:Default", "soon"));
        Assert.Contains("soon", host.Log.Expected.Last(), StringComparison.Ordinal);
        Change(settings, ("Deadlines:Default", "00:00:03"), ("RateLimits:Always:0", "nowhere"));
        Assert.Contains("'nowhere'", host.Log.Expected.Last(), StringComparison.Ordinal);
        Change(settings, ("RateLimits:Always:0", "few"));
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").ProblemAsync(403, "PERMISSION_DENIED");
        Change(settings, ("Blocking:Subjects:0", "mallory"));
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
    }

    private static async Task<(GatewayHost Host, IConfigurationRoot Settings)> StartAsync(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => "Granary:" + s.Name, s => (string?)s.Value)).Build();
        var host = await GatewayHost.StartAsync(services: services => services.Configure<GatewayOptions>(configuration.GetSection("Granary")));
        return (host, configuration);
    }

    private static void Change(IConfigurationRoot configuration, params (string Name, string Value)[] settings)
    {
        foreach (var (name, value) in settings) configuration["Granary:" + name] = value;
        configuration.Reload();
    }

    private static async Task TakeAllAsync(GatewayHost host, int tokens)
    {
        for (var i = 0; i < tokens; i++) await host.PostAsync("/rpc/probe/a/Scarce", "{}").OkAsync();
        await host.PostAsync("/rpc/probe/a/Scarce", "{}").ProblemAsync(429, "RESOURCE_EXHAUSTED");
    }
}
