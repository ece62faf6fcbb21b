using System.Net;
using Granary.ApiHost.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Orleans;
using Orleans.Runtime;

namespace Granary.Tests;

/// <summary>The cluster as the management grain tells it, for engines that have no feed of their own.</summary>
public sealed class ManagementFeedTests
{
    private static readonly SiloAddress s_first = SiloAddress.New(IPAddress.Loopback, 1, 7);
    private static readonly SiloAddress s_second = SiloAddress.New(IPAddress.Loopback, 2, 7);
    private readonly IGrainFactory _grains = Substitute.For<IGrainFactory>();
    private readonly IManagementGrain _management = Substitute.For<IManagementGrain>();

    public ManagementFeedTests() => _grains.GetGrain<IManagementGrain>(0).Returns(_management);

    [Fact]
    public async Task A_version_is_a_change_of_a_silos_status_and_wakes_those_who_wait()
    {
        using var feed = new ManagementFeed(_grains, TimeProvider.System, NullLogger<ManagementFeed>.Instance);
        Hosts((s_first, SiloStatus.Active));
        await feed.PollAsync(CancellationToken.None);
        var seen = feed.Current;
        Assert.Equal((1, "Active"), (seen.Version, Assert.Single(seen.Members).Status));
        Assert.Null(seen.Members[0].Hosts);

        await feed.PollAsync(CancellationToken.None);
        Assert.Same(seen, feed.Current);
        var waiting = feed.NextAsync(seen, CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        Hosts((s_second, SiloStatus.Active), (s_first, SiloStatus.Dead));
        await feed.PollAsync(CancellationToken.None);
        var next = await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((2, seen.Epoch), (next.Version, next.Epoch));
        Assert.Equal([(s_first, "Dead"), (s_second, "Active")], next.Members.Select(m => (m.Address, m.Status)));
    }

    [Fact]
    public async Task A_question_that_fails_leaves_the_list_as_it_was()
    {
        using var feed = new ManagementFeed(_grains, TimeProvider.System, NullLogger<ManagementFeed>.Instance);
        Hosts((s_first, SiloStatus.Active));
        await feed.PollAsync(CancellationToken.None);
        var seen = feed.Current;
        _management.GetHosts(Arg.Any<bool>()).Returns(Task.FromException<Dictionary<SiloAddress, SiloStatus>>(new TimeoutException()));
        await feed.StartAsync(CancellationToken.None);
        await feed.StopAsync(CancellationToken.None);
        Assert.Same(seen, feed.Current);
    }

    private void Hosts(params (SiloAddress Silo, SiloStatus Status)[] hosts) =>
        _management.GetHosts(Arg.Any<bool>()).Returns(Task.FromResult(hosts.ToDictionary(h => h.Silo, h => h.Status)));
}
