using Granary.Engine.Membership;
using Granary.Engine.Redis.Membership;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

[Collection(SharedRedis.Name)]
public sealed class RowTests(RedisFixture redis)
{
    [Fact]
    public void A_row_reads_as_it_was_written()
    {
        var entry = Member.Entry(Member.NewAddress(), SiloStatus.Active) with { ActiveSince = 12 };
        var read = SiloRow.Read(entry.Address, SiloRow.Whole(entry), out var problem);
        Assert.Null(problem);
        Assert.Equal(entry.ActiveSince, read.ActiveSince);
        Assert.Equal(entry.Status, read.Status);
        Assert.Equal(entry.Name, read.Name);
        Assert.Equal(entry.GrainTypes.ToArray(), read.GrainTypes.ToArray());
    }

    [Fact]
    public void Rows_of_random_bytes_are_silos_of_their_address_all_the_same()
    {
        var random = new Random(11);
        var entry = Member.Entry(Member.NewAddress(), SiloStatus.Active);
        var good = SiloRow.Whole(entry);
        for (var i = 0; i < 30_000; i++)
        {
            var bytes = good.ToArray();
            for (var n = random.Next(1, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0) Array.Resize(ref bytes, random.Next(bytes.Length));
            var read = SiloRow.Read(entry.Address, bytes, out _);
            Assert.Equal(entry.Address, read.Address);
            Assert.True(read.ActiveSince >= 0);
            Assert.True(read.Status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Dead);
        }
    }

    [Fact]
    public async Task A_row_that_something_else_wrote_does_not_hide_the_others()
    {
        var cluster = $"row{Guid.NewGuid():N}";
        await using var member = new Member(redis.Server.Address, cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await redis.Server.SendAsync("HSET", $"granary:{{{cluster}}}:members", "10.0.0.1:1@1", "garbage", "not an address", "x", "#other", "y");
        var view = await member.BecomeAsync(SiloStatus.ShuttingDown);
        Assert.Equal(2, view.Silos.Length);
        Assert.True(view.IsAlive(SiloAddress.FromParsableString("10.0.0.1:1@1")));
        Assert.Equal(LeaseState.Held, (await member.Table.RenewAsync(member.Address, 1, default)).Lease);
    }

    [Theory]
    [InlineData("a{b")]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("all*")]
    public void A_cluster_id_that_cannot_be_in_a_key_is_refused(string id)
    {
        var error = Assert.Throws<OrleansConfigurationException>(() => new Granary.Engine.Redis.ClusterKeys(id));
        Assert.Contains("ClusterId", error.Message, StringComparison.Ordinal);
    }
}
