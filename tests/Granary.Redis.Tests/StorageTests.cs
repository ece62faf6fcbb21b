using Granary.Engine.Redis.Storage;
using Granary.Hosting;
using Granary.Redis.Tests.Support;
using Orleans.Persistence;
using Orleans.Storage;

namespace Granary.Redis.Tests;

[Collection(SharedRedis.Name)]
public sealed class StorageTests(RedisFixture redis) : IAsyncLifetime
{
    private static readonly GrainId s_grain = GrainId.Create("wallet", "ann:{1}");

    private readonly string _service = $"s{Guid.NewGuid():N}";
    private Member _member = null!;

    public Task InitializeAsync()
    {
        _member = new Member(redis.Server.Address, _service);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _member.DisposeAsync();

    [Fact]
    public async Task A_state_comes_back_as_it_was_written()
    {
        var storage = Storage();
        var written = new GrainState<Wallet>(new Wallet { Owner = "Ann", Cents = 120 });
        await storage.WriteStateAsync("wallet", s_grain, written);
        Assert.True(written.RecordExists);
        var read = await ReadAsync<Wallet>(storage);
        Assert.Equal("Ann", read.State.Owner);
        Assert.Equal(120, read.State.Cents);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(read.RecordExists);
    }

    [Fact]
    public async Task A_state_that_is_not_there_is_new()
    {
        var read = await ReadAsync<Wallet>(Storage());
        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
        Assert.Equal(0, read.State.Cents);
    }

    [Fact]
    public async Task Of_many_that_write_over_the_same_version_exactly_one_wins()
    {
        var storage = Storage();
        var first = new GrainState<Wallet>(new Wallet());
        await storage.WriteStateAsync("wallet", s_grain, first);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var mine = new GrainState<Wallet>(new Wallet { Cents = i }, first.ETag);
            try
            {
                await storage.WriteStateAsync("wallet", s_grain, mine);
                return (i, mine.ETag, Error: (InconsistentStateException?)null);
            }
            catch (InconsistentStateException error)
            {
                return (i, mine.ETag, Error: (InconsistentStateException?)error);
            }
        }));
        var winner = Assert.Single(outcomes, o => o.Error is null);
        Assert.Equal(winner.i, (await ReadAsync<Wallet>(storage)).State.Cents);
        Assert.All(outcomes.Where(o => o.Error is not null), o =>
        {
            Assert.Equal(first.ETag, o.Error!.CurrentEtag);
            Assert.Equal(winner.ETag, o.Error.StoredEtag);
        });
    }

    [Fact]
    public async Task A_first_write_over_a_state_that_is_there_is_refused()
    {
        var storage = Storage();
        await storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet()));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet())));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cleared_state_is_gone_and_its_version_is_never_used_again(bool delete)
    {
        var storage = Storage(new RedisStorageOptions { DeleteStateOnClear = delete });
        var state = new GrainState<Wallet>(new Wallet { Cents = 5 });
        await storage.WriteStateAsync("wallet", s_grain, state);
        var old = state.ETag;
        await storage.ClearStateAsync("wallet", s_grain, state);
        Assert.False(state.RecordExists);
        Assert.Equal(0, state.State.Cents);
        Assert.Equal(delete, state.ETag is null);
        Assert.Equal(!delete, (await redis.Server.SendAsync("EXISTS", Key("wallet"))).StartsWith(":1", StringComparison.Ordinal));
        var read = await ReadAsync<Wallet>(storage);
        Assert.False(read.RecordExists);
        Assert.Equal(state.ETag, read.ETag);
        await storage.WriteStateAsync("wallet", s_grain, read);
        Assert.NotEqual(old, read.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet(), old)));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet(), old)));
    }

    [Fact]
    public async Task Clearing_what_is_not_there_does_nothing()
    {
        var state = new GrainState<Wallet>(new Wallet());
        await Storage().ClearStateAsync("wallet", s_grain, state);
        Assert.Null(state.ETag);
    }

    [Fact]
    public async Task A_state_that_is_too_large_is_refused_by_name()
    {
        var storage = Storage(maxBytes: 1000);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet { Owner = new string('x', 2000) })));
        Assert.Contains("'wallet' of wallet/ann", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxStateBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_type_that_has_gained_a_field_reads_what_was_there()
    {
        var storage = Storage();
        await storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet { Owner = "Ann", Cents = 7 }));
        await redis.Server.SendAsync("HSET", Key("wallet"), "schema", $"{StateSchema<Wallet>.Stamp.Split(' ')[0]} 000000000000");
        Assert.Equal(7, (await ReadAsync<Wallet>(storage)).State.Cents);
    }

    [Fact]
    public async Task A_renamed_type_with_the_same_fields_reads_what_was_there()
    {
        var storage = Storage();
        await storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet { Owner = "Ann", Cents = 7 }));
        Assert.Equal(7, (await ReadAsync<Purse>(storage)).State.Cents);
    }

    [Fact]
    public async Task A_state_of_another_type_is_refused_with_both_stamps()
    {
        var storage = Storage();
        await storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet { Owner = "Ann", Cents = 7 }));
        var error = await Assert.ThrowsAsync<RedisRequestException>(() => ReadAsync<Counter>(storage));
        Assert.Contains(StateSchema<Wallet>.Stamp, error.Message, StringComparison.Ordinal);
        Assert.Contains(StateSchema<Counter>.Stamp, error.Message, StringComparison.Ordinal);
        Assert.Contains(Key("wallet"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_cannot_be_read_are_refused_with_the_stamps()
    {
        var storage = Storage();
        await storage.WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet { Owner = "Ann", Cents = 7 }));
        await redis.Server.SendAsync("HSET", Key("wallet"), "data", "\u007f\u007f\u007f");
        var error = await Assert.ThrowsAsync<RedisRequestException>(() => ReadAsync<Wallet>(storage));
        Assert.Contains(StateSchema<Wallet>.Stamp, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stamps_tell_types_apart_by_their_fields()
    {
        Assert.NotEqual(Print<Wallet>(), Print<Counter>());
        Assert.Equal(Print<Wallet>(), Print<Purse>());
        Assert.NotEqual(Print<Tree>(), Print<Wallet>());
        static string Print<T>() => StateSchema<T>.Stamp.Split(' ')[1];
    }

    [Fact]
    public async Task Scalars_are_states_too()
    {
        var storage = Storage();
        await storage.WriteStateAsync("count", s_grain, new GrainState<long>(42));
        var read = new GrainState<long>();
        await storage.ReadStateAsync("count", s_grain, read);
        Assert.Equal(42, read.State);
    }

    [Fact]
    public async Task States_of_different_names_storages_and_services_are_apart()
    {
        await Storage().WriteStateAsync("a", s_grain, new GrainState<long>(1));
        Assert.False((await ReadAsync<long>(Storage(), "b")).RecordExists);
        Assert.False((await ReadAsync<long>(Storage(name: "other"), "a")).RecordExists);
        // A name with the separator in it is no way into another storage.
        Assert.False((await ReadAsync<long>(Storage(name: "store:x"), "a")).RecordExists);
    }

    [Fact]
    public async Task A_state_with_an_expiry_is_kept_for_so_long()
    {
        await Storage(new RedisStorageOptions { EntryExpiry = TimeSpan.FromHours(1) }).WriteStateAsync("wallet", s_grain, new GrainState<Wallet>(new Wallet()));
        var left = long.Parse((await redis.Server.SendAsync("PTTL", Key("wallet"))).Trim()[1..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(left, 3_000_000, 3_600_000);
    }

    private static async Task<GrainState<T>> ReadAsync<T>(RedisGrainStorage storage, string name = "wallet")
    {
        var state = new GrainState<T>();
        await storage.ReadStateAsync(name, s_grain, state);
        return state;
    }

    private string Key(string state) => $"granary:{_service}:state:store:{state}:{s_grain}";

    private RedisGrainStorage Storage(RedisStorageOptions? options = null, int maxBytes = 1_000_000, string name = "store") =>
        new(name, _member.Data, _service, options ?? new RedisStorageOptions(), maxBytes, TimeProvider.System);
}

[GenerateSerializer]
public sealed class Wallet
{
    [Id(0)]
    public string Owner { get; set; } = "";

    [Id(1)]
    public long Cents { get; set; }
}

[GenerateSerializer]
public sealed class Purse
{
    [Id(0)]
    public string Owner { get; set; } = "";

    [Id(1)]
    public long Cents { get; set; }
}

[GenerateSerializer]
public sealed class Counter
{
    [Id(0)]
    public int Value { get; set; }
}

[GenerateSerializer]
public sealed class Tree
{
    [Id(0)]
    public string Owner { get; set; } = "";

    [Id(1)]
    public List<Tree> Children { get; set; } = [];
}
