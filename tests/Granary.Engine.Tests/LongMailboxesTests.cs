using Granary.Engine.Activations;

namespace Granary.Engine.Tests;

/// <summary>The longest mailboxes are known at any time, in memory of a fixed size.</summary>
public sealed class LongMailboxesTests(LocalSilo silo) : IClassFixture<LocalSilo>
{
    private readonly string _name = Guid.NewGuid().ToString("N");

    private LongMailboxes Table => silo.Core.LongMailboxes;

    [Fact]
    public async Task The_longest_come_first_and_those_that_are_worked_off_go()
    {
        // With one call waiting a mailbox is none of the long ones.
        var held = new List<Held>();
        for (var waiting = 0; waiting < 20; waiting++) held.Add(await HoldAsync($"{_name}-{waiting}", waiting));
        for (var i = 0; i < 500; i++) await silo.Grains.GetGrain<ITurnGrain>($"{_name}-idle-{i}").Touch();

        Assert.Equal(Enumerable.Range(2, 18).Reverse(), Waiting(held, 1000));
        Assert.Equal([19, 18, 17], Waiting(held, 3));

        foreach (var grain in held[15..]) await grain.GoAsync();
        await Eventually.True(() => Waiting(held, 1000).First() == 14, "the five longest are worked off");
        Assert.Equal(Enumerable.Range(2, 13).Reverse(), Waiting(held, 1000));
        foreach (var grain in held[..15]) await grain.GoAsync();
        await Eventually.True(() => !Waiting(held, 1000).Any(), "nothing waits");
    }

    [Fact]
    public async Task Of_those_that_share_a_row_the_longest_stay()
    {
        var names = Enumerable.Range(0, int.MaxValue).Select(i => $"{_name}-{i}").Where(n => Row(n) == Row(_name)).Take(LongMailboxes.RowLength + 3).ToArray();
        var held = new List<Held>();
        for (var i = 0; i < names.Length; i++) held.Add(await HoldAsync(names[i], i + LongMailboxes.Least));
        Assert.Equal(Enumerable.Range(names.Length - LongMailboxes.RowLength + LongMailboxes.Least, LongMailboxes.RowLength).Reverse(), Waiting(held, 1000));

        // One that was pushed out comes back with its next call when it is longer than another.
        held.Add(await HoldAsync(names[0], LongMailboxes.RowLength + 20, held[0].Gate));
        Assert.Equal(LongMailboxes.RowLength + 20 + 1 + LongMailboxes.Least, Waiting(held, 1).Single());
        foreach (var grain in held) await grain.GoAsync();
    }

    [Fact]
    public async Task An_activation_that_leaves_is_not_kept()
    {
        var before = Table.Count;
        var held = await HoldAsync(_name, 3);
        Assert.Equal(before + 1, Table.Count);
        await held.GoAsync();
        Assert.Equal(before + 1, Table.Count);
        silo.Core.Table.Find(held.Id)!.RequestDeactivation(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The test is over."));
        await Eventually.True(() => Table.Count == before, "the place is free");
    }

    [Fact]
    public async Task Many_threads_that_enter_at_once_leave_the_longest_in()
    {
        var names = Enumerable.Range(0, 24).Select(i => $"{_name}-{i}").ToArray();
        var held = await Task.WhenAll(names.Select(name => HoldAsync(name, 0)));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < 10; round++)
            {
                foreach (var grain in held) grain.Add();
            }
        })));

        // Each has 80 calls waiting, and the later of two that took one place at once may have entered with the very last of its calls.
        var seen = Waiting(held, 1000).ToArray();
        Assert.All(seen, length => Assert.Equal(80, length));
        Assert.Equal(seen.Length, Table.Read().DistinctBy(m => m.Activation.GrainId).Count(m => held.Any(h => h.Id == m.Activation.GrainId)));
        foreach (var grain in held) grain.Add();
        Assert.Equal(24, Waiting(held, 1000).Count());
        foreach (var grain in held) await grain.GoAsync();
    }

    private uint Row(string name) => silo.Grains.GetGrain<ITurnGrain>(name).GetGrainId().GetUniformHashCode() % LongMailboxes.Rows;

    private IEnumerable<int> Waiting(IReadOnlyCollection<Held> grains, int most) => Table.Read().Where(m => grains.Any(g => g.Id == m.Activation.GrainId)).Select(m => m.Waiting).Take(most);

    private async Task<Held> HoldAsync(string name, int waiting, string? gate = null)
    {
        var held = new Held(silo.Grains.GetGrain<ITurnGrain>(name), gate ?? name);
        held.Calls.Add(held.Grain.Hold(held.Gate));
        if (gate is null) await Gates.Get(name).Arrival();
        for (var i = 0; i < waiting; i++) held.Add();
        return held;
    }

    /// <summary>A grain that does nothing until its gate opens, and the calls that it has.</summary>
    private sealed record Held(ITurnGrain Grain, string Gate)
    {
        internal List<Task<int>> Calls { get; } = [];

        internal GrainId Id => Grain.GetGrainId();

        internal void Add()
        {
            var call = Grain.Touch();
            lock (Calls) Calls.Add(call);
        }

        internal Task GoAsync()
        {
            Gates.Get(Gate).Open();
            return Task.WhenAll(Calls).WaitAsync(Gates.Within);
        }
    }
}
