using Granary.Gateway.Idempotency;

namespace Granary.Gateway.Tests;

/// <summary>What every store of idempotency keys promises.</summary>
public abstract class IdempotencyStoreTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_keep = TimeSpan.FromHours(1);
    private static readonly byte[] s_print = [1, 2, 3];

    private readonly string _id = Guid.NewGuid().ToString("N");

    protected abstract IIdempotencyStore Store { get; }

    [Fact]
    public async Task One_of_many_who_begin_at_once_runs_the_call()
    {
        var states = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => BeginAsync($"owner{i}"))));
        Assert.Single(states, IdempotencyState.Ours);
        Assert.Equal(49, states.Count(s => s == IdempotencyState.Running));
    }

    [Fact]
    public async Task The_outcome_is_there_for_all_who_come_later()
    {
        Assert.Equal(IdempotencyState.Ours, await BeginAsync("a"));
        await Store.EndAsync(_id, "a", new byte[] { 7, 0, 255 }, default);
        for (var i = 0; i < 2; i++)
        {
            var entry = await Store.BeginAsync(_id, s_print, "b", s_lease, s_keep, true, default);
            Assert.Equal(IdempotencyState.Done, entry.State);
            Assert.Equal([7, 0, 255], entry.Outcome.ToArray());
        }
    }

    [Fact]
    public async Task An_empty_outcome_is_one()
    {
        await BeginAsync("a");
        await Store.EndAsync(_id, "a", ReadOnlyMemory<byte>.Empty, default);
        Assert.Equal(IdempotencyState.Done, await BeginAsync("b"));
    }

    [Fact]
    public async Task Another_call_is_told_apart_at_every_time()
    {
        await BeginAsync("a");
        Assert.Equal(IdempotencyState.OtherCall, (await Store.BeginAsync(_id, new byte[] { 9 }, "b", s_lease, s_keep, true, default)).State);
        await Store.EndAsync(_id, "a", new byte[] { 1 }, default);
        Assert.Equal(IdempotencyState.OtherCall, (await Store.BeginAsync(_id, new byte[] { 9 }, "b", s_lease, s_keep, true, default)).State);
    }

    [Fact]
    public async Task A_call_that_did_not_run_may_run()
    {
        await BeginAsync("a");
        await Store.ForgetAsync(_id, "a", default);
        Assert.Equal(IdempotencyState.Ours, await BeginAsync("b"));
    }

    [Fact]
    public async Task A_call_of_which_nobody_knows_runs_again_only_if_it_may()
    {
        await BeginAsync("a");
        await Store.EndAsync(_id, "a", null, default);
        Assert.Equal(IdempotencyState.Unknown, await BeginAsync("b"));
        Assert.Equal(IdempotencyState.Ours, await BeginAsync("c", mayTakeOver: true));
        Assert.Equal(IdempotencyState.Running, await BeginAsync("d", mayTakeOver: true));
    }

    [Fact]
    public async Task Who_lost_the_call_changes_nothing_any_more()
    {
        await Store.BeginAsync(_id, s_print, "a", TimeSpan.FromMilliseconds(1), s_keep, false, default);
        await PassAsync(TimeSpan.FromMilliseconds(5));
        Assert.Equal(IdempotencyState.Unknown, await BeginAsync("b"));
        Assert.Equal(IdempotencyState.Ours, await BeginAsync("c", mayTakeOver: true));
        await Store.EndAsync(_id, "a", new byte[] { 1 }, default);
        await Store.ForgetAsync(_id, "a", default);
        Assert.Equal(IdempotencyState.Running, await BeginAsync("d"));
        await Store.EndAsync(_id, "c", new byte[] { 2 }, default);
        Assert.Equal(IdempotencyState.Done, await BeginAsync("d"));
    }

    [Fact]
    public async Task What_was_kept_for_its_time_is_forgotten()
    {
        await Store.BeginAsync(_id, s_print, "a", s_lease, TimeSpan.FromMilliseconds(20), false, default);
        await Store.EndAsync(_id, "a", new byte[] { 1 }, default);
        await PassAsync(TimeSpan.FromMilliseconds(30));
        Assert.Equal(IdempotencyState.Ours, (await Store.BeginAsync(_id, s_print, "b", s_lease, TimeSpan.FromMilliseconds(20), false, default)).State);
    }

    /// <summary>Lets the store's time pass.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    private async Task<IdempotencyState> BeginAsync(string owner, bool mayTakeOver = false) => (await Store.BeginAsync(_id, s_print, owner, s_lease, s_keep, mayTakeOver, default)).State;
}
