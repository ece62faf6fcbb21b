using System.Net;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Redis.Tests;

/// <summary>Apart from the tests of the shared server: a silo tries for half a minute, and they need not wait for it.</summary>
public sealed class UnreachableTests
{
    [Fact]
    public async Task A_silo_that_cannot_reach_Redis_says_so_when_it_starts()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "unreachable")
            .ConfigureEndpoints(IPAddress.Loopback, siloPort: 0, gatewayPort: 0)
            .UseRedisClustering($"127.0.0.1:{RedisServer.FreePort()},connectTimeout=300"));
        using var host = builder.Build();
        var error = await Assert.ThrowsAnyAsync<OrleansException>(() => host.StartAsync());
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
    }
}
