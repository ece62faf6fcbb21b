using Granary.Engine.Directory;
using Granary.Engine.Redis;
using Granary.Engine.Redis.Directory;
using Granary.Hosting;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Granary.Redis.Tests;

[Collection(SharedRedis.Name)]
public sealed class DirectoryTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _cluster = $"dir{Guid.NewGuid():N}";
    private Member _a = null!;
    private Member _b = null!;

    public async Task InitializeAsync()
    {
        _a = new Member(redis.Server.Address, _cluster);
        _b = new Member(redis.Server.Address, _cluster);
        await _a.BecomeAsync(SiloStatus.Active);
        await _b.BecomeAsync(SiloStatus.Active);
    }

    public async Task DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Fact]
    public async Task What_is_registered_is_found_by_all()
    {
        var address = _a.Here("1");
        Assert.Equal(address, await _a.Directory.Register(address));
        Assert.Equal(address, await _b.Directory.Lookup(address.GrainId));
        Assert.Null(await _b.Directory.Lookup(GrainId.Create("counter", "2")));
    }

    [Fact]
    public async Task The_second_silo_learns_of_the_first()
    {
        var first = _a.Here("1");
        await _a.Directory.Register(first);
        Assert.Equal(first, await _b.Directory.Register(_b.Here("1")));
    }

    [Fact]
    public async Task Of_many_that_register_the_same_grains_exactly_one_wins_each()
    {
        const int Grains = 300;
        var winners = await Task.WhenAll(Enumerable.Range(0, Grains).SelectMany(g => new[] { _a, _b, _a, _b }.Select(async m => (g, Winner: (await m.Directory.Register(m.Here($"{g}")))!))));
        foreach (var grain in winners.GroupBy(w => w.g)) Assert.Single(grain.Select(w => w.Winner.SiloAddress).Distinct());
        foreach (var grain in winners.GroupBy(w => w.g)) Assert.Equal(grain.First().Winner.SiloAddress, (await _a.Directory.Lookup(grain.First().Winner.GrainId))!.SiloAddress);
    }

    [Fact]
    public async Task Of_many_that_replace_the_same_entry_exactly_one_wins()
    {
        await using var c = new Member(redis.Server.Address, _cluster);
        await c.BecomeAsync(SiloStatus.Active);
        for (var round = 0; round < 20; round++)
        {
            var old = c.Here($"{round}");
            await c.Directory.Register(old);
            var winners = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => (i % 2 == 0 ? _a : _b).Directory.Register((i % 2 == 0 ? _a : _b).Here($"{round}"), old)));
            Assert.Single(winners.Select(w => w!.SiloAddress).Distinct());
            Assert.NotEqual(c.Address, winners[0]!.SiloAddress);
        }
    }

    [Fact]
    public async Task An_entry_is_replaced_only_if_it_is_the_expected_one()
    {
        var first = _a.Here("1");
        await _a.Directory.Register(first);
        var stale = new GrainAddress { GrainId = first.GrainId, ActivationId = ActivationId.NewId(), SiloAddress = _a.Address };
        Assert.Equal(first, await _b.Directory.Register(_b.Here("1"), stale));
        var taken = _b.Here("1");
        Assert.Equal(taken, await _b.Directory.Register(taken, first));
        var any = new GrainAddress { GrainId = first.GrainId, SiloAddress = _b.Address };
        var back = _a.Here("1");
        Assert.Equal(back, await _a.Directory.Register(back, any));
    }

    [Fact]
    public async Task A_silo_replaces_what_it_left_over_itself()
    {
        await _a.Directory.Register(_a.Here("1"));
        var younger = _a.Here("1");
        Assert.Equal(younger, await _a.Directory.Register(younger));
        Assert.Equal(younger, await _b.Directory.Lookup(younger.GrainId));
    }

    [Fact]
    public async Task A_late_removal_does_not_take_a_younger_entry()
    {
        var older = _a.Here("1");
        var younger = _a.Here("1");
        await _a.Directory.Register(older);
        await _a.Directory.Register(younger);
        await _a.Directory.Unregister(older);
        Assert.Equal(younger, await _b.Directory.Lookup(younger.GrainId));
        await _a.Directory.Unregister(younger);
        Assert.Null(await _b.Directory.Lookup(younger.GrainId));
    }

    [Fact]
    public async Task The_entry_of_a_dead_silo_is_anyones()
    {
        await _a.Directory.Register(_a.Here("1"));
        await _a.BecomeAsync(SiloStatus.Dead);
        var taken = _b.Here("1");
        Assert.Equal(taken, await _b.Directory.Register(taken));
    }

    [Fact]
    public async Task A_silo_that_is_declared_dead_while_it_registers_many_registers_none_afterwards()
    {
        var registrations = Enumerable.Range(0, 3000).Select(async i =>
        {
            try
            {
                return await _a.Directory.Register(_a.Here($"{i}"));
            }
            catch (DirectoryUnavailableException)
            {
                return null;
            }
        }).ToArray();
        await _b.Table.WriteAsync(_a.Entry(SiloStatus.Dead), default);
        // Whatever is registered was registered before the death, and is anyone's now.
        await Task.WhenAll(registrations);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("after")));
        var taken = await Task.WhenAll(Enumerable.Range(0, 3000).Select(i => _b.Directory.Register(_b.Here($"{i}"))));
        Assert.All(taken, t => Assert.Equal(_b.Address, t!.SiloAddress));
    }

    [Fact]
    public async Task The_entries_of_dead_silos_are_cleaned_and_no_others()
    {
        await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => _a.Directory.Register(_a.Here($"a{i}"))));
        await Task.WhenAll(Enumerable.Range(0, 700).Select(i => _b.Directory.Register(_b.Here($"b{i}"))));
        await _b.Directory.UnregisterSilos([_a.Address]);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => _b.Directory.Lookup(_a.Here($"a{i}").GrainId))), Assert.Null);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 700).Select(i => _a.Directory.Lookup(_b.Here($"b{i}").GrainId))), Assert.NotNull);
        await _b.Directory.UnregisterSilos([]);
    }

    [Fact]
    public async Task No_thread_of_the_pool_waits_while_entries_are_cleaned()
    {
        var threads = new ScanThreads();
        var configuration = RedisConfiguration.Parse(redis.Server.Address);
        await using var connections = new RedisConnections(TimeProvider.System, NullLoggerFactory.Instance);
        var connection = connections.Get(RedisUse.Data, configuration, null, async () => (WatchedClient.Over((await RedisConfiguration.ConnectAsync(configuration)).Multiplexer, threads), false), "the test");
        var directory = new RedisGrainDirectory(connection, new ClusterKeys(_cluster), isFenced: true, () => _b.Address);
        await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => _a.Directory.Register(_a.Here($"a{i}"))));
        await directory.UnregisterSilos([_a.Address]);
        Assert.Null(await _b.Directory.Lookup(_a.Here("a1499").GrainId));
        Assert.NotEqual(0, threads.Own);
        Assert.Equal(0, threads.Pool);
    }

    [Fact]
    public async Task Keys_of_any_bytes_are_kept_apart()
    {
        GrainId[] grains =
        [
            new(GrainType.Create("counter"), new IdSpan([0, 255, 13, 10, 32, 42])), GrainId.Create("counter", "{a}"), GrainId.Create("counter", "a/b"), GrainId.Create("counter", ""), GrainId.Create("zähler", "日本"),
        ];
        var addresses = grains.Select(g => new GrainAddress { GrainId = g, ActivationId = ActivationId.NewId(), SiloAddress = _a.Address }).ToArray();
        foreach (var address in addresses) await _a.Directory.Register(address);
        foreach (var address in addresses) Assert.Equal(address, await _b.Directory.Lookup(address.GrainId));
    }

    [Fact]
    public async Task An_entry_that_something_else_wrote_is_named()
    {
        await redis.Server.SendAsync("SET", $"granary:{{{_cluster}}}:dir:counter/odd", "nonsense");
        var error = await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Lookup(GrainId.Create("counter", "odd")));
        Assert.Contains("dir:counter/odd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_random_bytes_never_throw()
    {
        var random = new Random(7);
        var entry = new DirectoryEntry();
        var grain = GrainId.Create("counter", "1");
        var good = entry.Write(ActivationId.NewId(), _a.Address);
        Assert.Equal(_a.Address, entry.Read(grain, good)!.SiloAddress);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = good.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Array.Resize(ref bytes, random.Next(bytes.Length + 20));
            entry.Read(grain, bytes);
        }
    }
}
