using Granary.Gateway.Idempotency;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

/// <summary>The store in memory.</summary>
public sealed class LocalIdempotencyStoreTests : IdempotencyStoreTests
{
    private readonly TestClock _clock = new();

    public LocalIdempotencyStoreTests() => Store = new LocalIdempotencyStore(Options.Create(new GatewayOptions { Idempotency = { Entries = 100 } }), _clock);

    protected override IIdempotencyStore Store { get; }

    [Fact]
    public async Task It_has_room_for_so_many_and_for_new_ones_when_old_ones_are_forgotten()
    {
        for (var i = 0; i < 500; i++)
        {
            await BeginAsync("forgotten" + i);
            await Store.ForgetAsync("forgotten" + i, "a", default);
        }

        for (var i = 0; i < 100; i++) await BeginAsync("kept" + i);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => BeginAsync("more"))).Code);
        _clock.Advance(TimeSpan.FromHours(1));
        await BeginAsync("more");

        async Task BeginAsync(string id) => Assert.Equal(IdempotencyState.Ours, (await Store.BeginAsync(id, new byte[1], "a", TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), false, default)).State);
    }

    protected override Task PassAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return Task.CompletedTask;
    }
}
