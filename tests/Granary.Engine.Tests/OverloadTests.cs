namespace Granary.Engine.Tests;

/// <summary>Invariant 7: a full mailbox answers at once instead of growing.</summary>
public sealed class OverloadTests(LocalSilo silo) : IClassFixture<LocalSilo>
{
    [Fact]
    public async Task A_full_mailbox_refuses_at_once_and_what_it_accepted_still_runs()
    {
        var key = Guid.NewGuid().ToString("N");
        var grain = silo.Grains.GetGrain<ITurnGrain>(key);
        var held = grain.Hold(key);
        await Gates.Get(key).Arrival();
        var limit = silo.Core.MaxQueuedCalls;
        var accepted = Enumerable.Range(0, limit).Select(_ => grain.Touch()).ToArray();
        for (var i = 0; i < 50; i++)
        {
            var error = await Assert.ThrowsAsync<LimitExceededException>(() => grain.Touch().WaitAsync(Gates.Within));
            Assert.Contains("MaxQueuedCallsPerActivation", error.Message, StringComparison.Ordinal);
        }

        Assert.All(accepted, call => Assert.False(call.IsCompleted));
        Gates.Get(key).Open();
        await held.WaitAsync(Gates.Within);
        var results = await Task.WhenAll(accepted).WaitAsync(Gates.Within);
        Assert.Equal(Enumerable.Range(2, limit), results);
        Assert.Equal(limit + 2, await grain.Touch().WaitAsync(Gates.Within));
    }
}
