using Granary.Rpc;

namespace Granary.Engine.Tests;

/// <summary>Invariant 4 without the help of the timing wheel, which may be late. A silo of its own: its wheel is stopped.</summary>
public sealed class LateWheelTests : IAsyncLifetime
{
    private readonly LocalSilo _silo = new();
    private readonly string _key = Guid.NewGuid().ToString("N");

    public Task InitializeAsync() => _silo.InitializeAsync();

    public Task DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_call_whose_deadline_passed_never_starts_when_nothing_has_ended_it_yet()
    {
        var grain = _silo.Grains.GetGrain<IEndingGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        _silo.Core.Deadlines.Dispose();
        var passed = Environment.TickCount64 + 50;
        Task late;
        using (RpcDeadline.Within(TimeSpan.FromMilliseconds(50))) late = grain.Count();
        // The clock of deadlines is coarse: the next value is surely later.
        await Eventually.True(() => Environment.TickCount64 > passed + 20, "the deadline passes");
        Assert.False(late.IsCompleted);
        Gates.Get(_key).Open();
        await held.WaitAsync(Gates.Within);
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(Gates.Within));
        Assert.Equal(0, await grain.Runs());
    }
}
