using System.Net;
using System.Text;
using Granary.ApiHost.Discovery;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Rpc.Cluster;
using Granary.Samples;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Tests;

/// <summary>Discovery over a cluster that the test makes up.</summary>
public sealed class DiscoveryTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);

    [Fact]
    public void Only_active_silos_that_host_the_service_are_instances_with_the_versions_they_host()
    {
        var map = new ServiceMap(RpcCatalog.FromLoadedAssemblies());
        var cluster = new ClusterSnapshot(1, "", [
            Silo(1, hosts: [typeof(IUsersGrain), typeof(IUsersV2Grain)]),
            Silo(2, hosts: [typeof(IUsersGrain)]),
            Silo(3, hosts: [typeof(ICalculatorGrain)]),
            Silo(4, "ShuttingDown", typeof(IUsersGrain)),
            Silo(5, "Joining", typeof(IUsersGrain)),
            Silo(6) with { Hosts = null },
        ]);
        var users = map.InstancesOf("users", cluster);
        Assert.Equal([1, 2], users.Versions);
        Assert.Equal(["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:6"], users.Instances.Select(i => i.Address));
        Assert.Equal([1, 2], users.Instances[0].Versions);
        Assert.Equal([1], users.Instances[1].Versions);
        Assert.Equal([1, 2], users.Instances[2].Versions);
        var first = users.Instances[0];
        Assert.Equal(("127.0.0.1:1@7", "silo-1", "http://127.0.0.1:81", 50, "edge", "1.2"), (first.Silo, first.Name, first.Http, first.Weight, Assert.Single(first.Roles), first.Release));
        Assert.Equal(["calculator"], map.HostedBy(cluster.Members[2]).Select(s => s.Name));
    }

    [Fact]
    public async Task A_watch_ends_when_the_list_changes_and_not_when_something_else_does()
    {
        var feed = new Feed(new ClusterSnapshot(5, "", [Silo(1, hosts: [typeof(ICalculatorGrain)])]));
        var directory = Directory(feed);
        using var never = new CancellationTokenSource();
        var watch = directory.WaitAsync("calculator", DiscoveryIndex.Of(feed.Current), never.Token);

        feed.Set(new ClusterSnapshot(6, "", [Silo(1, hosts: [typeof(ICalculatorGrain)]), Silo(2, hosts: [typeof(IUsersGrain)])]));
        await feed.IsAwaitedAsync();
        Assert.False(watch.IsCompleted);

        feed.Set(new ClusterSnapshot(7, "", [Silo(1, hosts: [typeof(ICalculatorGrain)]), Silo(2, hosts: [typeof(ICalculatorGrain)])]));
        Assert.Equal(7, (await watch.WaitAsync(s_bound)).Version);
    }

    [Fact]
    public async Task A_watch_from_an_older_index_or_another_epoch_is_answered_at_once()
    {
        var feed = new Feed(new ClusterSnapshot(5, "b", []));
        var directory = Directory(feed);
        Assert.Same(feed.Current, await directory.WaitAsync(null, DiscoveryIndex.Of(feed.Current with { Version = 4 }), CancellationToken.None).WaitAsync(s_bound));
        Assert.Same(feed.Current, await directory.WaitAsync(null, DiscoveryIndex.Of(feed.Current with { Epoch = "a", Version = 90 }), CancellationToken.None).WaitAsync(s_bound));
    }

    [Fact]
    public async Task A_caller_who_was_ahead_of_this_host_is_not_told_again_what_it_knows()
    {
        var feed = new Feed(new ClusterSnapshot(5, "", [Silo(1, hosts: [typeof(ICalculatorGrain)])]));
        var directory = Directory(feed);
        var watch = directory.WaitAsync("calculator", new DiscoveryIndex(6, 0), CancellationToken.None);

        // What another host told the caller at 6 arrives here.
        feed.Set(new ClusterSnapshot(6, "", [Silo(1, hosts: [typeof(ICalculatorGrain)]), Silo(2, hosts: [typeof(ICalculatorGrain)])]));
        await feed.IsAwaitedAsync();
        Assert.False(watch.IsCompleted);
        feed.Set(new ClusterSnapshot(7, "", [Silo(2, hosts: [typeof(ICalculatorGrain)])]));
        Assert.Equal(7, (await watch.WaitAsync(s_bound)).Version);
    }

    [Fact]
    public async Task A_watch_that_is_over_gives_the_newest_and_leaves_nothing_behind()
    {
        var feed = new Feed(new ClusterSnapshot(5, "", []));
        var directory = Directory(feed);
        using var over = new CancellationTokenSource();
        var watch = directory.WaitAsync(null, DiscoveryIndex.Of(feed.Current), over.Token);
        await feed.IsAwaitedAsync();
        await over.CancelAsync();
        Assert.Same(feed.Current, await watch.WaitAsync(s_bound));
        Assert.Equal(0, feed.Waiting);
    }

    [Fact]
    public void The_etag_is_the_same_for_the_same_instances_whatever_the_version()
    {
        var feed = new Feed(new ClusterSnapshot(5, "", [Silo(1, hosts: [typeof(ICalculatorGrain)])]));
        var directory = Directory(feed);
        var first = directory.Answer(feed.Current, "calculator");
        var later = directory.Answer(new ClusterSnapshot(9, "x", [Silo(1, hosts: [typeof(ICalculatorGrain)])]), "calculator");
        var other = directory.Answer(new ClusterSnapshot(9, "x", [Silo(2, hosts: [typeof(ICalculatorGrain)])]), "calculator");
        Assert.Equal(first.ETag, later.ETag);
        Assert.NotEqual(first.ETag, other.ETag);
        Assert.Contains("\"http\":\"http://127.0.0.1:81\"", Encoding.UTF8.GetString(first.Body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0, 0)]
    [InlineData("12", 12, 0)]
    [InlineData("12-0000abcd", 12, 0xabcd)]
    [InlineData("", null, 0)]
    [InlineData("-1", null, 0)]
    [InlineData("12-", null, 0)]
    [InlineData("12-xyz", null, 0)]
    [InlineData("99999999999999999999", null, 0)]
    [InlineData("1e3", null, 0)]
    [InlineData("000000000000000000000000000000000000000000000000001", null, 0)]
    public void An_index_is_read_or_refused(string text, int? version, uint epoch)
    {
        Assert.Equal(version is not null, DiscoveryIndex.TryParse(text, out var index));
        if (version is not null) Assert.Equal(new DiscoveryIndex(version.Value, epoch), index);
    }

    [Fact]
    public void An_index_comes_back_as_it_was_given()
    {
        var index = DiscoveryIndex.Of(new ClusterSnapshot(77, "some epoch", []));
        Assert.True(DiscoveryIndex.TryParse(index.ToString(), out var read));
        Assert.Equal(index, read);
    }

    [Fact]
    public void Places_to_wait_are_counted_and_given_back()
    {
        var watches = new DiscoveryWatches(Options.Create(new DiscoveryOptions { MaximumWatches = 2 }));
        var first = watches.Enter();
        using var second = watches.Enter();
        Assert.Equal(StatusCode.ResourceExhausted, Assert.Throws<RpcException>(() => watches.Enter()).Code);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, watches.Count);
        watches.Enter().Dispose();
    }

    private static ServiceDirectory Directory(Feed feed) => new(new ServiceMap(RpcCatalog.FromLoadedAssemblies()), feed);

    private static ClusterMember Silo(int port, string status = ClusterMember.Active, params Type[] hosts) =>
        new(SiloAddress.New(IPAddress.Loopback, port, 7), $"silo-{port}", status)
        {
            Release = "1.2",
            Weight = 50,
            Roles = ["edge"],
            Endpoints = new Dictionary<string, string>(StringComparer.Ordinal) { ["http"] = $"http://127.0.0.1:8{port}" },
            Hosts = [.. hosts.Select(h => new HostedInterface("g", h.FullName!, 0))],
        };

    private static ClusterMember Silo(int port, Type[] hosts) => Silo(port, ClusterMember.Active, hosts);

    /// <summary>A feed that a test moves.</summary>
    private sealed class Feed(ClusterSnapshot first) : IClusterFeed
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ClusterSnapshot _current = first;
        private int _waiting;

        public ClusterSnapshot Current
        {
            get
            {
                lock (_lock) return _current;
            }
        }

        internal int Waiting => Volatile.Read(ref _waiting);

        public async Task<ClusterSnapshot> NextAsync(ClusterSnapshot seen, CancellationToken cancellation)
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    if (!ReferenceEquals(_current, seen)) return _current;
                    changed = _changed.Task;
                    Interlocked.Increment(ref _waiting);
                    _awaited.TrySetResult();
                }

                try
                {
                    await changed.WaitAsync(cancellation);
                }
                finally
                {
                    Interlocked.Decrement(ref _waiting);
                }
            }
        }

        internal void Set(ClusterSnapshot snapshot)
        {
            lock (_lock)
            {
                _current = snapshot;
                _awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _changed.SetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>Somebody has seen the newest snapshot and waits for the next.</summary>
        internal Task IsAwaitedAsync()
        {
            lock (_lock) return _awaited.Task.WaitAsync(s_bound);
        }
    }
}
