using Granary.Engine.Membership;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

/// <summary>The same steps on the table in Redis and on the one in memory, which says what is right.</summary>
[Collection(SharedRedis.Name)]
public sealed class MembershipModelTests(RedisFixture redis)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Any_steps_give_the_same_answers_as_in_memory(int seed)
    {
        var random = new Random(seed);
        var model = new InMemoryMembershipTable();
        await using var one = new Member(redis.Server.Address, $"model{Guid.NewGuid():N}");
        await using var two = new Member(redis.Server.Address, one.Cluster);
        Member[] members = [one, two];
        SiloAddress[] silos = [.. Enumerable.Range(0, 4).Select(_ => Member.NewAddress())];
        // Beats start anywhere: each table's are counted from where they were first seen there.
        var expectedBeats = new Beats();
        var seenBeats = new Beats();
        for (var step = 0; step < 150; step++)
        {
            var table = members[random.Next(2)].Table;
            var silo = silos[random.Next(silos.Length)];
            var other = silos[random.Next(silos.Length)];
            var late = random.Next(4) == 0 ? 1 : 0;
            var (modelBeat, beat) = (expectedBeats.Last(silo) - late, seenBeats.Last(silo) - late);
            // A silo that died and joined again starts a new lease.
            foreach (var dead in model.View.Silos.Where(v => v.Status == SiloStatus.Dead))
            {
                expectedBeats.Forget(dead.Address);
                seenBeats.Forget(dead.Address);
            }

            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    var status = random.Next(10) switch { 0 => SiloStatus.Dead, < 4 => SiloStatus.Joining, < 8 => SiloStatus.Active, _ => SiloStatus.ShuttingDown };
                    Same(await model.WriteAsync(Member.Entry(silo, status), default), await table.WriteAsync(Member.Entry(silo, status), default), step);
                    break;
                case 3 or 4 or 5 or 6:
                    var expected = await model.RenewAsync(silo, step, default);
                    var renewal = await table.RenewAsync(silo, step, default);
                    Assert.Equal(expected.Lease, renewal.Lease);
                    Assert.Equal(expected.Version, renewal.Version);
                    Assert.Equal(expectedBeats.Note(expected.Beats), seenBeats.Note(renewal.Beats));
                    break;
                case 7 or 8:
                    Assert.Equal(await model.SuspectAsync(silo, other, modelBeat, default), await table.SuspectAsync(silo, other, beat, default));
                    break;
                case 9:
                    Assert.Equal(await model.DeclareDeadAsync(silo, modelBeat, other, "a test", default), await table.DeclareDeadAsync(silo, beat, other, "a test", default));
                    break;
                case 10:
                    Same(await model.ReadAsync(default), await table.ReadAsync(default), step);
                    break;
                default:
                    if (random.Next(3) > 0) break;
                    await model.ForgetDeadAsync(TimeSpan.FromDays(-1), default);
                    await table.ForgetDeadAsync(TimeSpan.FromDays(-1), default);
                    break;
            }
        }

        foreach (var member in members) Same(model.View, await member.Table.ReadAsync(default), 150);
    }

    private static void Same(MembershipView expected, MembershipView seen, int step)
    {
        Assert.True(expected.Version == seen.Version, $"Step {step}: version {seen.Version} instead of {expected.Version}.");
        Assert.Equal(Text(expected), Text(seen));
    }

    private static string Text(MembershipView view) => string.Join('\n', view.Silos.OrderBy(s => s.Address).Select(s =>
        $"{s.Address.ToParsableString()} {s.Name} {s.Status} {s.ActiveSince} {s.Release} {s.Weight} {s.StartedAt:O} {string.Join(',', s.Roles)} {string.Join(',', s.GrainTypes)} {string.Join(',', s.Endpoints)}"));

    private sealed class Beats
    {
        private readonly Dictionary<SiloAddress, (long First, long Last)> _beats = [];

        internal long Last(SiloAddress silo) => _beats.GetValueOrDefault(silo).Last;

        internal void Forget(SiloAddress silo) => _beats.Remove(silo);

        internal string Note(IReadOnlyList<SiloBeat> beats)
        {
            foreach (var gone in _beats.Keys.Except(beats.Select(b => b.Silo)).ToArray()) _beats.Remove(gone);
            foreach (var beat in beats) _beats[beat.Silo] = (_beats.TryGetValue(beat.Silo, out var known) ? known.First : beat.Beat, beat.Beat);
            return string.Join('\n', beats.OrderBy(b => b.Silo).Select(b => $"{b.Silo} {b.Beat - _beats[b.Silo].First} {b.SeenVersion} {string.Join(',', b.Witnesses)}"));
        }
    }
}
