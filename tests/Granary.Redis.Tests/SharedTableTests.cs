using Granary.Gateway.Audit;
using Granary.Redis.Tests.Support;
using Granary.Rpc;

namespace Granary.Redis.Tests;

/// <summary>What gateways share over Redis: tables (revocations, keys, blocks) and the audit log.</summary>
[Collection(SharedRedis.Name)]
public sealed class SharedTableTests(RedisFixture redis)
{
    private readonly string _service = "shared" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task What_one_gateway_writes_the_others_have_soon_and_after_its_end_no_longer()
    {
        await using var one = await StartAsync();
        await using var two = await StartAsync();
        await Task.WhenAll(one.Table().Loaded, two.Table().Loaded).WaitAsync(TimeSpan.FromSeconds(30));
        await one.Table().SetAsync("a", "for ever", null, null, default);
        await one.Table().SetAsync("b", "for a moment", TimeSpan.FromSeconds(1), null, default);
        Assert.Equal("for ever", one.Table().Rows["a"].Value);
        await Eventually.True(() => two.Table().Rows.TryGetValue("a", out var row) && row.Value == "for ever" && row.Expires == DateTimeOffset.MaxValue, "the other gateway has the row");
        await Eventually.True(() => !two.Table().Rows.ContainsKey("b") && !one.Table().Rows.ContainsKey("b"), "the row that expired is gone");
        Assert.True(await two.Table().RemoveAsync("a", default));
        Assert.False(await two.Table().RemoveAsync("a", default));
        await Eventually.True(() => one.Table().Rows.IsEmpty, "the row that was removed is gone");
    }

    [Fact]
    public async Task A_gateway_that_starts_later_has_all_rows_however_many()
    {
        await using var one = await StartAsync();
        foreach (var some in Enumerable.Range(0, 2500).Chunk(100)) await Task.WhenAll(some.Select(i => one.Table(3000).SetAsync($"row {i}", $"{i}", null, null, default).AsTask()));
        await one.Table().RemoveAsync("row 7", default);
        await using var two = await StartAsync();
        await two.Table(3000).Loaded.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2499, two.Table().Rows.Count);
        Assert.DoesNotContain("row 7", two.Table().Rows.Keys);
    }

    [Fact]
    public async Task Only_one_of_two_who_expect_the_same_changes_a_row()
    {
        await using var one = await StartAsync();
        await using var two = await StartAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => TryAsync(i % 2 == 0 ? one : two, "k", $"{i}", "")));
        Assert.Single(outcomes, code => code == StatusCode.Ok);
        Assert.Equal(19, outcomes.Count(code => code == StatusCode.Aborted));
        await one.Table().SetAsync("k", "known", null, null, default);
        Assert.Equal(StatusCode.Aborted, await TryAsync(two, "k", "other", "guessed"));
        Assert.Equal(StatusCode.Ok, await TryAsync(two, "k", "other", "known"));
    }

    [Fact]
    public async Task A_full_table_takes_no_more_rows_and_changes_those_it_has()
    {
        await using var one = await StartAsync();
        var table = one.Table(capacity: 2);
        await table.SetAsync("a", "1", null, null, default);
        await table.SetAsync("b", "1", TimeSpan.FromSeconds(1), null, default);
        Assert.Equal(StatusCode.ResourceExhausted, await TryAsync(one, "c", "1", null));
        await table.SetAsync("a", "2", null, null, default);
        await Eventually.True(async () => await TryAsync(one, "c", "1", null) == StatusCode.Ok, "there is room when a row has expired");
    }

    [Fact]
    public async Task Rows_stay_in_force_while_redis_is_away_and_come_back_with_an_empty_one()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await SharingGateway.StartAsync(server.Address, _service);
        await one.Table().SetAsync("a", "closed", null, null, default);
        await server.StopAsync();
        Assert.Equal(StatusCode.Unavailable, await TryAsync(one, "b", "1", null));
        await Eventually.True(() => one.Shared.Get("blocks", 100) is { } table && ((Granary.Gateway.Redis.RedisTable)table).Age > TimeSpan.FromSeconds(1), "the copy grows old");
        Assert.Equal("closed", one.Table().Rows["a"].Value);

        await server.RunAsync();
        await using var late = await SharingGateway.StartAsync(server.Address, _service);
        await Eventually.True(() => late.Table().Rows.ContainsKey("a"), "what the first gateway knew is back");
        Assert.Equal("closed", one.Table().Rows["a"].Value);
    }

    [Fact]
    public async Task A_gateway_that_has_slept_past_the_marks_of_removals_begins_anew()
    {
        await using var one = await StartAsync();
        await one.Table().SetAsync("gone", "1", null, null, default);
        await one.Table().SetAsync("stays", "1", null, null, default);
        await one.Shared.StopAsync(default);
        await using var two = await StartAsync();
        await two.Table().Loaded.WaitAsync(TimeSpan.FromSeconds(30));
        await two.Table().RemoveAsync("gone", default);

        // As if the hour were over: the mark goes with the next change.
        await two.Store.Connection.RunAsync(database => database.SortedSetAddAsync($"granary:{_service}:{{blocks}}:expiry", "gone", 1), default);
        await two.Table().SetAsync("new", "1", null, null, default);
        await one.Table().SetAsync("late", "1", null, null, default);
        Assert.Equal(["late", "new", "stays"], one.Table().Rows.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_audit_log_is_paged_from_its_end_and_cut_at_its_length()
    {
        await using var one = await SharingGateway.StartAsync(redis.Server.Address, _service, auditEntries: 100);
        for (var i = 0; i < 1000; i++) await one.Audit.AppendAsync(new AuditEntry("keys.create", $"key {i}", "OK") { Actor = "root", Time = DateTimeOffset.UnixEpoch, Address = "10.0.0.1", TraceId = "t", Detail = "d" }, default);
        var last = await one.Audit.ReadAsync(null, 2, default);
        Assert.Equal(["key 999", "key 998"], last.Select(e => e.Target));
        Assert.Equal(new AuditEntry("keys.create", "key 999", "OK") { Id = last[0].Id, Actor = "root", Time = DateTimeOffset.UnixEpoch, Address = "10.0.0.1", TraceId = "t", Detail = "d" }, last[0]);
        Assert.Equal("key 997", (await one.Audit.ReadAsync(last[1].Id, 1, default)).Single().Target);
        Assert.InRange((await one.Audit.ReadAsync(null, 1000, default)).Count, 100, 300);
        foreach (var id in new[] { "x", "-", "1", "1-1 COUNT", "+" }) Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => one.Audit.ReadAsync(id, 1, default).AsTask())).Code);
    }

    private static async Task<StatusCode> TryAsync(SharingGateway gateway, string id, string value, string? expected)
    {
        try
        {
            await gateway.Table().SetAsync(id, value, null, expected, default);
            return StatusCode.Ok;
        }
        catch (RpcException error)
        {
            return error.Code;
        }
    }

    private Task<SharingGateway> StartAsync() => SharingGateway.StartAsync(redis.Server.Address, _service);
}
