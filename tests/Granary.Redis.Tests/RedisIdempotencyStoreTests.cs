using Granary.Gateway.Idempotency;
using Granary.Gateway.Redis;
using Granary.Gateway.Tests;
using Granary.Hosting;
using Granary.Redis.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Redis.Tests;

/// <summary>The store on Redis, which two gateways ask in turn.</summary>
[Collection(SharedRedis.Name)]
public sealed class RedisIdempotencyStoreTests(RedisFixture redis) : IdempotencyStoreTests, IAsyncLifetime
{
    private readonly RedisConnections _connections = new(TimeProvider.System, NullLoggerFactory.Instance);
    private IIdempotencyStore[] _stores = [];
    private int _turn;

    protected override IIdempotencyStore Store => _stores[Interlocked.Increment(ref _turn) % _stores.Length];

    public async Task InitializeAsync()
    {
        _stores = [.. Enumerable.Range(0, 2).Select(i => Create(redis.Server.Address, $"{i}"))];

        for (var i = 0; i < _stores.Length; i++) await Connection(redis.Server.Address, $"{i}").AnswersAsync();
    }

    public async Task DisposeAsync() => await _connections.DisposeAsync();

    [Fact]
    public async Task Without_Redis_nothing_is_taken_up()
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Create("127.0.0.1:1,connectTimeout=200", "away").BeginAsync("x", new byte[1], "a", TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), false, default));
        Assert.Equal(StatusCode.Unavailable, error.Code);
        Assert.Contains("was not run", error.Message, StringComparison.Ordinal);
    }

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time);

    // A connection of its own for each name.
    private RedisConnection Connection(string server, string name)
    {
        var configuration = RedisConfiguration.Parse($"{server},name={name}");
        return _connections.Get(RedisUse.Gateway, configuration, null, () => RedisConfiguration.ConnectAsync(configuration), "the test");
    }

    private RedisIdempotencyStore Create(string server, string name) =>
        new(new GatewayStore(Connection(server, name), "granary:once-tests:"), Options.Create(new Granary.Gateway.GatewayOptions()));
}
