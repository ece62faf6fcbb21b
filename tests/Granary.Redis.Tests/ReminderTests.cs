using Granary.Engine.Redis.Reminders;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Granary.Redis.Tests;

[Collection(SharedRedis.Name)]
public sealed class ReminderTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _service = $"r{Guid.NewGuid():N}";
    private Member _member = null!;
    private RedisReminderTable _table = null!;

    public Task InitializeAsync()
    {
        _member = new Member(redis.Server.Address, _service);
        _table = new RedisReminderTable(_member.Data, _service, NullLogger.Instance);
        return _table.StartAsync();
    }

    public async Task DisposeAsync() => await _member.DisposeAsync();

    [Fact]
    public async Task A_reminder_comes_back_as_it_was_written()
    {
        var entry = Entry("1", "tick");
        var version = await _table.UpsertRow(entry);
        var row = await _table.ReadRow(entry.GrainId, "tick");
        Assert.Equal(version, row.ETag);
        Assert.Equal(entry.GrainId, row.GrainId);
        Assert.Equal("tick", row.ReminderName);
        Assert.Equal(entry.StartAt, row.StartAt);
        Assert.Equal(DateTimeKind.Utc, row.StartAt.Kind);
        Assert.Equal(entry.Period, row.Period);
        Assert.Null(await _table.ReadRow(entry.GrainId, "tock"));
    }

    [Fact]
    public async Task A_reminder_is_removed_only_in_its_version()
    {
        var entry = Entry("1", "tick");
        var old = await _table.UpsertRow(entry);
        var version = await _table.UpsertRow(entry);
        Assert.NotEqual(old, version);
        Assert.False(await _table.RemoveRow(entry.GrainId, "tick", old));
        Assert.False(await _table.RemoveRow(entry.GrainId, "tick", version[..5]));
        Assert.True(await _table.RemoveRow(entry.GrainId, "tick", version));
        Assert.False(await _table.RemoveRow(entry.GrainId, "tick", version));
        Assert.Empty((await _table.ReadRows(entry.GrainId)).Reminders);
        Assert.Empty((await _table.ReadRows(0, 0)).Reminders);
    }

    [Fact]
    public async Task Ranges_of_the_ring_have_each_reminder_once()
    {
        var entries = Enumerable.Range(0, 2500).Select(i => Entry($"{i / 2}", $"r{i % 2}")).ToArray();
        foreach (var some in entries.Chunk(250)) await Task.WhenAll(some.Select(_table.UpsertRow));
        Assert.Equal(entries.Length, (await _table.ReadRows(0, 0)).Reminders.Count);
        uint[] bounds = [0, 1u << 29, 1u << 30, 3u << 30, uint.MaxValue];
        var seen = new List<string>();
        for (var i = 0; i < bounds.Length; i++)
        {
            var (begin, end) = (bounds[i], bounds[(i + 1) % bounds.Length]);
            var rows = (await _table.ReadRows(begin, end)).Reminders;
            Assert.All(rows, r => Assert.True(begin < end ? r.GrainId.GetUniformHashCode() > begin && r.GrainId.GetUniformHashCode() <= end : r.GrainId.GetUniformHashCode() > begin || r.GrainId.GetUniformHashCode() <= end));
            seen.AddRange(rows.Select(r => $"{r.GrainId} {r.ReminderName}"));
        }

        Assert.Equal(entries.Select(e => $"{e.GrainId} {e.ReminderName}").Order(), seen.Order());
    }

    [Fact]
    public async Task The_reminders_of_a_grain_are_those_of_no_other()
    {
        await _table.UpsertRow(Entry("a", "one"));
        await _table.UpsertRow(Entry("a", "two: with spaces"));
        await _table.UpsertRow(Entry("a:", "one"));
        await _table.UpsertRow(Entry("b", "one"));
        var rows = (await _table.ReadRows(GrainId.Create("clock", "a"))).Reminders;
        Assert.Equal(["one", "two: with spaces"], rows.Select(r => r.ReminderName).Order());
    }

    [Fact]
    public async Task A_row_that_something_else_wrote_does_not_hide_the_others()
    {
        await _table.UpsertRow(Entry("1", "tick"));
        foreach (var bad in new[] { "5:wrong", "x", "999999999999:a/b:c", "3:a/b:c" })
        {
            await redis.Server.SendAsync("HSET", $"granary:{{{_service}}}:reminders", bad, "no row");
            await redis.Server.SendAsync("ZADD", $"granary:{{{_service}}}:reminders:ring", "1", bad);
        }

        Assert.Equal("tick", Assert.Single((await _table.ReadRows(0, 0)).Reminders).ReminderName);
    }

    [Fact]
    public async Task A_cleared_table_is_empty()
    {
        await _table.UpsertRow(Entry("1", "tick"));
        await _table.TestOnlyClearTable();
        Assert.Empty((await _table.ReadRows(0, 0)).Reminders);
    }

    private static ReminderEntry Entry(string key, string name) => new()
    {
        GrainId = GrainId.Create("clock", key),
        ReminderName = name,
        StartAt = new DateTime(2026, 3, 4, 5, 6, 7, 890, DateTimeKind.Utc),
        Period = TimeSpan.FromMinutes(61.5),
    };
}
