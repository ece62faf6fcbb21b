using Granary.Engine.Directory;
using Granary.Engine.Membership;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

/// <summary>Redis loses what it held, all of it or the last of it, while silos live.</summary>
[Collection(SharedRedis.Name)]
public sealed class LossTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _cluster = $"loss{Guid.NewGuid():N}";
    private Member _a = null!;
    private Member _b = null!;
    private Member _late = null!;

    public async Task InitializeAsync()
    {
        _a = new Member(redis.Server.Address, _cluster);
        _b = new Member(redis.Server.Address, _cluster);
        _late = new Member(redis.Server.Address, _cluster);
        foreach (var member in new[] { _a, _b, _late }) await member.ConnectedAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        await _b.BecomeAsync(SiloStatus.Active);
        await _a.Table.ReadAsync(default);
    }

    public async Task DisposeAsync()
    {
        foreach (var member in new[] { _a, _b, _late }) await member.DisposeAsync();
    }

    [Fact]
    public async Task A_silo_learns_that_its_lease_is_lost()
    {
        await LoseAllAsync();
        Assert.Equal(LeaseState.Lost, (await _a.Table.RenewAsync(_a.Address, 2, default)).Lease);
    }

    [Fact]
    public async Task An_empty_table_is_not_a_view_without_silos()
    {
        await LoseAllAsync();
        Assert.Equal(2, (await _a.Table.ReadAsync(default)).Silos.Length);
    }

    [Fact]
    public async Task The_first_to_come_back_keeps_the_others_in_the_view()
    {
        var before = _a.Table.View;
        await LoseAllAsync();
        var after = await _a.BecomeAsync(SiloStatus.Active);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.True(after.Version > before.Version);
        Assert.Equal([_a.Address, _b.Address], after.Active.Select(s => s.Address));
        Assert.Equal(before.Silos.OrderBy(s => s.Address).Select(s => s.ActiveSince), after.Silos.OrderBy(s => s.Address).Select(s => s.ActiveSince));
        Assert.Equal(LeaseState.Lost, (await _b.Table.RenewAsync(_b.Address, 2, default)).Lease);
        Assert.Equal(after.Epoch, (await _b.BecomeAsync(SiloStatus.Active)).Epoch);
        await Eventually.True(() => _a.Table.View.Version == _b.Table.View.Version, "both see the same table");
    }

    [Fact]
    public async Task A_silo_does_not_look_at_a_new_table_before_it_has_brought_what_it_knows()
    {
        await LoseAllAsync();
        // In its table there is nobody else.
        var before = _a.Table.View;
        await _late.BecomeAsync(SiloStatus.Active);
        await _a.Table.RenewAsync(_a.Address, 2, default);
        Assert.Equal(before, await _a.Table.ReadAsync(default));
        Assert.Equal(before, _a.Table.View);
        Assert.Equal(3, (await _a.BecomeAsync(SiloStatus.Active)).Active.Length);
        Assert.Equal(3, _a.Table.View.Active.Length);
    }

    [Fact]
    public async Task A_silo_that_has_come_back_holds_its_lease_again()
    {
        await LoseAllAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        Assert.Equal(LeaseState.Lost, (await _b.Table.RenewAsync(_b.Address, 2, default)).Lease);
        await _b.BecomeAsync(SiloStatus.Active);
        Assert.Equal(LeaseState.Held, (await _b.Table.RenewAsync(_b.Address, 2, default)).Lease);
        Assert.Equal(LeaseState.Held, (await _b.Table.RenewAsync(_b.Address, 2, default)).Lease);
    }

    [Fact]
    public async Task A_late_word_about_a_beat_of_before_does_not_fit_one_of_now()
    {
        var before = (await _a.Table.RenewAsync(_a.Address, 2, default)).Beats.ToDictionary(b => b.Silo, b => b.Beat);
        await LoseAllAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        var after = (await _a.Table.RenewAsync(_a.Address, 2, default)).Beats;
        Assert.Equal(0, after.Single(b => b.Silo.Equals(_b.Address)).SeenVersion);
        Assert.All(after, b => Assert.NotInRange(b.Beat, before[b.Silo] - 100, before[b.Silo] + 100));
        Assert.False(await _a.Table.DeclareDeadAsync(_b.Address, before[_b.Address], _a.Address, "late", default));
    }

    [Fact]
    public async Task Nothing_new_is_registered_until_all_have_restored()
    {
        var held = _b.Here("held by b");
        await _b.Directory.Register(held);
        await LoseAllAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        await _late.BecomeAsync(SiloStatus.Active);
        // The entry of what b holds is gone: whoever registers it now would run it twice.
        var error = await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("held by b")));
        Assert.Contains("being restored", error.Message, StringComparison.Ordinal);
        Assert.Empty(await _a.Directory.RestoreAsync([], default));
        await _a.Directory.CompleteRestoreAsync(default);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _late.Directory.Register(_late.Here("held by b")));
        await _b.BecomeAsync(SiloStatus.Active);
        Assert.Empty(await _b.Directory.RestoreAsync([held], default));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("new")));
        Assert.Equal(_b.Address, (await _a.Directory.Register(_a.Here("held by b")))!.SiloAddress);
        await _b.Directory.CompleteRestoreAsync(default);
        Assert.Equal(_a.Address, (await _a.Directory.Register(_a.Here("new")))!.SiloAddress);
    }

    [Fact]
    public async Task A_silo_that_does_not_come_back_holds_nobody_up_once_it_is_dead()
    {
        await LoseAllAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        await _a.Directory.CompleteRestoreAsync(default);
        var renewal = await _a.Table.RenewAsync(_a.Address, 2, default);
        var beat = renewal.Beats.Single(b => b.Silo.Equals(_b.Address)).Beat;
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("1")));
        Assert.True(await _a.Table.DeclareDeadAsync(_b.Address, beat, _a.Address, "silence", default));
        Assert.Equal(_a.Address, (await _a.Directory.Register(_a.Here("1")))!.SiloAddress);
    }

    [Fact]
    public async Task Who_has_lost_its_row_cannot_register_before_it_has_written_it()
    {
        await LoseAllAsync();
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("1")));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.RestoreAsync([_a.Here("1")], default));
    }

    [Fact]
    public async Task A_newcomer_that_is_faster_than_the_survivors_waits_for_them_too()
    {
        await LoseAllAsync();
        await _late.BecomeAsync(SiloStatus.Active);
        var view = await _a.BecomeAsync(SiloStatus.Active);
        Assert.Equal(3, view.Active.Length);
        Assert.True(view.Version > 2);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _late.Directory.Register(_late.Here("1")));
        await _b.BecomeAsync(SiloStatus.Active);
        await _a.Directory.CompleteRestoreAsync(default);
        await _b.Directory.CompleteRestoreAsync(default);
        Assert.NotNull(await _late.Directory.Register(_late.Here("1")));
    }

    [Fact]
    public async Task An_activation_that_another_silo_has_taken_over_is_reported_to_who_restores_it()
    {
        await LoseAllAsync();
        await _late.BecomeAsync(SiloStatus.Active);
        await _late.Directory.Register(_late.Here("contested"));
        await _a.BecomeAsync(SiloStatus.Active);
        var conflicts = await _a.Directory.RestoreAsync([_a.Here("mine"), _a.Here("contested")], default);
        Assert.Equal(_late.Address, Assert.Single(conflicts).SiloAddress);
        Assert.Equal("contested", conflicts[0].GrainId.Key.ToString());
        Assert.Equal(_a.Address, (await _b.Directory.Lookup(_a.Here("mine").GrainId))!.SiloAddress);
    }

    [Fact]
    public async Task A_silo_whose_row_moved_without_its_asking_is_told_to_restore()
    {
        await LoseAllAsync();
        // Not because its renewal said so: it is leaving, say.
        await _a.BecomeAsync(SiloStatus.ShuttingDown);
        Assert.Equal(LeaseState.Lost, (await _a.Table.RenewAsync(_a.Address, 2, default)).Lease);
        Assert.Equal(LeaseState.Held, (await _a.Table.RenewAsync(_a.Address, 2, default)).Lease);
    }

    [Fact]
    public async Task A_silo_that_never_says_that_it_has_restored_is_told_again()
    {
        await LoseAllAsync();
        await _a.Table.RenewAsync(_a.Address, 2, default);
        await _a.BecomeAsync(SiloStatus.Active);
        var told = 0;
        for (var i = 0; i < 130; i++) told += (await _a.Table.RenewAsync(_a.Address, 2, default)).Lease == LeaseState.Lost ? 1 : 0;
        Assert.Equal(2, told);
    }

    [Fact]
    public async Task A_table_that_has_gone_back_in_time_is_another_table()
    {
        var before = _a.Table.View;
        // A replica that had not heard of the last change took over.
        await redis.Server.SendAsync("HSET", $"granary:{{{_cluster}}}:members", "#version", $"{before.Version - 1}");
        var renewal = await _a.Table.RenewAsync(_a.Address, before.Version, default);
        Assert.Equal(LeaseState.Lost, renewal.Lease);
        Assert.NotEqual(before.Epoch, renewal.Epoch);
        Assert.True(renewal.Version > before.Version);
        Assert.Equal(LeaseState.Lost, (await _b.Table.RenewAsync(_b.Address, before.Version, default)).Lease);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _a.Directory.Register(_a.Here("1")));
        foreach (var member in new[] { _a, _b })
        {
            await member.BecomeAsync(SiloStatus.Active);
            await member.Directory.CompleteRestoreAsync(default);
            Assert.Equal(LeaseState.Held, (await member.Table.RenewAsync(member.Address, 1, default)).Lease);
        }

        Assert.NotNull(await _a.Directory.Register(_a.Here("1")));
        Assert.Equal(2, (await _a.Table.ReadAsync(default)).Active.Length);
    }

    [Fact]
    public async Task An_answer_from_before_the_loss_does_not_bring_the_old_view_back()
    {
        var seen = new List<string>();
        using var watch = _a.Table.Watch(v =>
        {
            lock (seen) seen.Add(v.Epoch);
        });
        var readings = Enumerable.Range(0, 50).Select(_ => _a.Table.ReadAsync(default)).ToArray();
        await LoseAllAsync();
        var after = await _a.BecomeAsync(SiloStatus.Active);
        await Task.WhenAll(readings);
        Assert.Equal(after.Epoch, _a.Table.View.Epoch);
        lock (seen) Assert.Equal(seen.Distinct().Count(), 1 + seen.Zip(seen.Skip(1)).Count(p => p.First != p.Second));
    }

    [Fact]
    public async Task A_late_word_from_before_the_last_loss_does_not_end_the_restoring()
    {
        await LoseAllAsync();
        await _a.BecomeAsync(SiloStatus.Active);
        await _a.Directory.RestoreAsync([_a.Here("1")], default);
        await LoseAllAsync();
        await _b.BecomeAsync(SiloStatus.Active);
        await _b.Directory.RestoreAsync([], default);
        await _b.Directory.CompleteRestoreAsync(default);
        await _a.BecomeAsync(SiloStatus.Active);
        // Of the first loss: what a registered after it is lost too.
        await _a.Directory.CompleteRestoreAsync(default);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _b.Directory.Register(_b.Here("1")));
    }

    [Fact]
    public async Task A_server_with_older_data_is_noticed_before_anything_is_registered()
    {
        await using var server = await RedisServer.StartAsync("--dbfilename", "old.rdb");
        await using var a = new Member(server.Address, "older");
        await using var b = new Member(server.Address, "older");
        await a.BecomeAsync(SiloStatus.Active);
        await b.BecomeAsync(SiloStatus.Active);
        await a.Directory.Register(a.Here("kept"));
        await server.SendAsync("SAVE");
        // Not in the snapshot, and nothing but the entry says so: version and epoch are as they were.
        var held = a.Here("held by a");
        await a.Directory.Register(held);
        await server.StopAsync();
        await server.RunAsync();
        await Eventually.True(async () => await b.FindsAsync(a.Here("kept")), "the server is found again");
        Assert.Null(await b.Directory.Lookup(held.GrainId));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => b.Directory.Register(b.Here("held by a")));
        Assert.Equal(a.Address, (await b.Directory.Register(b.Here("kept")))!.SiloAddress);
        foreach (var member in new[] { a, b })
        {
            await Eventually.True(async () => await member.LeaseAsync() == LeaseState.Lost, "the silo is told to restore");
            await member.RestoreAsync(member == a ? [held] : []);
            Assert.Equal(LeaseState.Held, await member.LeaseAsync());
        }

        Assert.Equal(a.Address, (await b.Directory.Register(b.Here("held by a")))!.SiloAddress);
        Assert.Equal(b.Address, (await b.Directory.Register(b.Here("new")))!.SiloAddress);
    }

    [Fact]
    public async Task A_silo_that_joined_after_the_snapshot_is_waited_for_too()
    {
        await using var server = await RedisServer.StartAsync("--dbfilename", "old.rdb");
        await using var a = new Member(server.Address, "older");
        await using var b = new Member(server.Address, "older");
        await a.BecomeAsync(SiloStatus.Active);
        await server.SendAsync("SAVE");
        await b.BecomeAsync(SiloStatus.Active);
        await a.Table.ReadAsync(default);
        await b.Directory.Register(b.Here("held by b"));
        await server.StopAsync();
        await server.RunAsync();
        await Eventually.True(async () => await a.LeaseAsync() == LeaseState.Lost, "the silo is told to restore");
        await a.RestoreAsync();
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => a.Directory.Register(a.Here("held by b")));
        Assert.Equal(2, a.Table.View.Active.Length);
        Assert.Equal(LeaseState.Lost, await b.LeaseAsync());
    }

    [Fact]
    public async Task A_server_that_restarts_empty_is_restored()
    {
        await using var server = await RedisServer.StartAsync();
        await using var a = new Member(server.Address, "empty");
        await a.BecomeAsync(SiloStatus.Active);
        var held = a.Here("1");
        await a.Directory.Register(held);
        await server.StopAsync();
        await server.RunAsync();
        await Eventually.True(async () => await a.LeaseAsync() == LeaseState.Lost, "the silo is told to restore");
        Assert.Empty(await a.RestoreAsync(held));
        Assert.Equal(held, await a.Directory.Lookup(held.GrainId));
        Assert.NotNull(await a.Directory.Register(a.Here("2")));
    }

    [Fact]
    public async Task Scripts_that_are_flushed_are_no_loss()
    {
        await _a.Directory.Register(_a.Here("1"));
        await redis.Server.SendAsync("SCRIPT", "FLUSH");
        Assert.NotNull(await _a.Directory.Register(_a.Here("2")));
        Assert.Equal(LeaseState.Held, await _a.LeaseAsync());
    }

    [Fact]
    public async Task While_silos_restore_an_older_entry_is_not_replaced()
    {
        var old = _b.Here("moved");
        await _b.Directory.Register(old);
        // The entry may be older than the loss: the grain may have moved to a silo that has not come back yet.
        await redis.Server.SendAsync("HSET", $"granary:{{{_cluster}}}:restoring", _b.Address.ToParsableString(), "0");
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => _b.Directory.Register(_b.Here("moved")));
        Assert.Equal(old, await _a.Directory.Register(_a.Here("moved"), old));
        Assert.Equal(old, await _b.Directory.Register(old));
    }

    private async Task LoseAllAsync()
    {
        foreach (var key in new[] { "members", "beats", "restoring" }) await redis.Server.SendAsync("DEL", $"granary:{{{_cluster}}}:{key}");
        await redis.Server.SendAsync(
            "EVAL", $"for _, k in ipairs(redis.call('KEYS', 'granary:{{{_cluster}}}:dir:*')) do redis.call('DEL', k) end", "0");
    }
}
