using Granary.Engine.Membership;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

[Collection(SharedRedis.Name)]
public sealed class MembershipTests(RedisFixture redis)
{
    private readonly string _cluster = $"m{Guid.NewGuid():N}";

    [Fact]
    public async Task A_silo_that_joins_is_in_the_view_of_all()
    {
        await using var a = new Member(redis.Server.Address, _cluster);
        await using var b = new Member(redis.Server.Address, _cluster);
        await a.BecomeAsync(SiloStatus.Active);
        var view = await b.BecomeAsync(SiloStatus.Joining);
        Assert.Equal(2, view.Silos.Length);
        Assert.Equal(2, view.Version);
        await Eventually.True(() => a.Table.View.Version == 2, "the other silo's view comes by a message");
        var seen = a.Table.View.Silos.Single(s => s.Address.Equals(b.Address));
        Assert.Equal(b.Entry(SiloStatus.Joining).Endpoints, seen.Endpoints);
        Assert.Equal(b.Entry(SiloStatus.Joining).GrainTypes.ToArray(), seen.GrainTypes.ToArray());
        Assert.Equal("1.2.3", seen.Release);
    }

    [Fact]
    public async Task A_renewal_moves_the_beat_on()
    {
        await using var a = new Member(redis.Server.Address, _cluster);
        await a.BecomeAsync(SiloStatus.Active);
        var first = await a.Table.RenewAsync(a.Address, 1, default);
        var second = await a.Table.RenewAsync(a.Address, 1, default);
        Assert.Equal(LeaseState.Held, second.Lease);
        Assert.Equal(first.Beats.Single().Beat + 1, second.Beats.Single().Beat);
        Assert.Equal(1, second.Version);
    }

    [Fact]
    public async Task A_dead_silo_cannot_register_a_grain()
    {
        await using var a = new Member(redis.Server.Address, _cluster);
        await a.BecomeAsync(SiloStatus.Active);
        Assert.Equal(a.Address, (await a.Directory.Register(a.Here("1")))!.SiloAddress);
        await a.BecomeAsync(SiloStatus.Dead);
        await Assert.ThrowsAsync<Granary.Engine.Directory.DirectoryUnavailableException>(() => a.Directory.Register(a.Here("2")));
    }
}
