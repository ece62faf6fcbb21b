using System.Net;
using Granary.Engine.Membership;
using Granary.Engine.Redis;
using Granary.Engine.Redis.Directory;
using Granary.Engine.Redis.Membership;
using Granary.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Granary.Redis.Tests.Support;

/// <summary>A silo's parts on Redis, without the silo.</summary>
internal sealed class Member : IAsyncDisposable
{
    private static int s_generation;

    private readonly RedisConnections _connections = new(TimeProvider.System, NullLoggerFactory.Instance);

    internal Member(string connectionString, string cluster)
        : this(RedisConfiguration.Parse(connectionString), cluster)
    {
    }

    internal Member(ConfigurationOptions configuration, string cluster)
    {
        Cluster = cluster;
        Address = NewAddress();
        Keys = new ClusterKeys(cluster);
        Leases = Connect(RedisUse.Membership, configuration);
        Data = Connect(RedisUse.Data, configuration);
        Table = new RedisMembershipTable(Leases, Keys, NullLogger.Instance);
        Directory = new RedisGrainDirectory(Data, Keys, isFenced: true, () => Address);
    }

    internal string Cluster { get; }

    internal ClusterKeys Keys { get; }

    internal SiloAddress Address { get; }

    internal RedisConnection Leases { get; }

    internal RedisConnection Data { get; }

    internal RedisMembershipTable Table { get; }

    internal RedisGrainDirectory Directory { get; }

    internal SiloEntry Entry(SiloStatus status) => Entry(Address, status);

    internal static SiloEntry Entry(SiloAddress address, SiloStatus status) => new(
        address, $"silo {address.Generation}", status, ["web"], [new GrainManifestEntry("counter", "sample.ICounter", 2, "random")], new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
    {
        Release = "1.2.3",
        Weight = 70,
        Endpoints = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("http", "http://10.0.0.1:8080"),
    };

    internal static SiloAddress NewAddress() => SiloAddress.New(IPAddress.Parse("10.1.2.3"), 11111, Interlocked.Increment(ref s_generation));

    internal Task<MembershipView> BecomeAsync(SiloStatus status) => Table.WriteAsync(Entry(status), default);

    internal GrainAddress Here(string key) => new() { GrainId = GrainId.Create("counter", key), ActivationId = ActivationId.NewId(), SiloAddress = Address };

    /// <summary>Waits until both connections answer.</summary>
    internal async Task ConnectedAsync()
    {
        await Leases.AnswersAsync();
        await Data.AnswersAsync();
    }

    /// <summary>What a renewal says; null when Redis cannot be reached.</summary>
    internal async Task<LeaseState?> LeaseAsync()
    {
        try
        {
            return (await Table.RenewAsync(Address, Table.View.Version, default)).Lease;
        }
        catch (MembershipUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Whether the grain is registered; false too when Redis cannot be reached.</summary>
    internal async Task<bool> FindsAsync(GrainAddress address)
    {
        try
        {
            return await Directory.Lookup(address.GrainId) is not null;
        }
        catch (Granary.Engine.Directory.DirectoryUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Writes the row and registers these again, as often as it takes while the connection comes back.</summary>
    internal async Task<IReadOnlyList<GrainAddress>> RestoreAsync(params GrainAddress[] mine)
    {
        IReadOnlyList<GrainAddress> conflicts = [];
        await Eventually.True(
            async () =>
            {
                try
                {
                    await BecomeAsync(SiloStatus.Active);
                    conflicts = await Directory.RestoreAsync(mine, default);
                    await Directory.CompleteRestoreAsync(default);
                    return true;
                }
                catch (Exception error) when (error is MembershipUnavailableException or Granary.Engine.Directory.DirectoryUnavailableException)
                {
                    return false;
                }
            },
            "the silo restores what it holds");
        return conflicts;
    }

    public async ValueTask DisposeAsync()
    {
        await Table.DisposeAsync();
        await _connections.DisposeAsync();
    }

    private RedisConnection Connect(RedisUse use, ConfigurationOptions configuration) =>
        _connections.Get(use, configuration, null, () => RedisConfiguration.ConnectAsync(configuration), "the test");
}
