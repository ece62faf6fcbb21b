using System.Net;
using Granary.Gateway.Blocking;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class BlockingTests
{
    private const string Address = "/rpc/probe/a/Open";

    [Fact]
    public async Task A_blocked_address_gets_nothing_whatever_it_asks_and_what_it_has_open_ends()
    {
        var time = new TestClock();
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<TimeProvider>(time));
        var blocks = host.Services.GetRequiredService<BlockList>();
        await using var open = await SocketClient.ConnectAsync(host, "/jsonrpc");
        await blocks.AddAsync("address", "127.0.0.0/8", TimeSpan.FromMinutes(1), "", "root", IPAddress.Parse("10.0.0.1"), default);
        Assert.Null(await open.ReceiveAsync());
        Assert.Equal(4007, open.CloseCode);
        foreach (var path in new[] { Address, "/jsonrpc", "/openapi.json", "/nowhere" }) await host.Client.GetAsync(path).ProblemAsync(403, "PERMISSION_DENIED");
        Assert.Equal(403, (await Assert.ThrowsAsync<RefusedException>(() => SocketClient.ConnectAsync(host, "/jsonrpc"))).Status);
        (await new GrpcClient(host).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Failed(StatusCode.PermissionDenied);
        time.Advance(TimeSpan.FromMinutes(2));
        await host.Client.GetAsync(Address).OkAsync();
        Assert.Empty(blocks.List(null, 10));
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7", true)]
    [InlineData("203.0.113.7", "203.0.113.8", false)]
    [InlineData("203.0.113.0/24", "203.0.113.255", true)]
    [InlineData("203.0.113.99/24", "203.0.113.1", true)]
    [InlineData("203.0.113.0/24", "203.0.112.255", false)]
    [InlineData("203.0.113.0/24", "::ffff:203.0.113.5", true)]
    [InlineData("::ffff:203.0.113.0/120", "203.0.113.5", true)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("0.0.0.0/0", "8.8.8.8", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    public async Task A_network_has_an_address_in_it_or_not(string network, string address, bool isBlocked)
    {
        await using var host = await GatewayHost.StartAsync();
        var blocks = host.Services.GetRequiredService<BlockList>();
        await blocks.AddAsync("address", network, null, "", "root", null, default);
        Assert.Equal(isBlocked, blocks.RefusalOf(IPAddress.Parse(address)) is not null);
    }

    [Fact]
    public async Task A_program_is_blocked_by_a_part_of_its_name_in_any_case()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Blocking.Agents.Add("BadBot"));
        foreach (var (agent, status) in new[] { ("Mozilla badbot/1.0", 403), ("BADBOT", 403), ("GoodBot/1.0", 200), (new string('x', 600) + "badbot", 200) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Address);
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            using var response = await host.Anonymous.SendAsync(request);
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task Nobody_blocks_themselves_or_what_is_nothing()
    {
        await using var host = await GatewayHost.StartAsync();
        var blocks = host.Services.GetRequiredService<BlockList>();
        var me = IPAddress.Parse("::ffff:10.1.2.3");
        foreach (var (kind, value) in new[] { ("address", "10.0.0.0/8"), ("address", "10.1.2.3"), ("subject", "root"), ("address", "10.0.0.0/33"), ("address", "7"), ("address", "example.com"), ("agent", "x"), ("planet", "mars"), ("subject", "") })
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => blocks.AddAsync(kind, value, null, "", "root", me, default))).Code);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options => options.Blocking.Addresses.Add("everyone")));
        Assert.Contains("Granary:Blocking:Addresses holds 'everyone'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_header_says_of_the_address_counts_from_a_trusted_proxy_only()
    {
        await using var open = await GatewayHost.StartAsync(options => options.Blocking.Addresses.Add("203.0.113.7"));
        Assert.Equal(200, await AskAsync(open, "203.0.113.7"));

        await using var behind = await GatewayHost.StartAsync(options =>
        {
            options.Blocking.Addresses.Add("203.0.113.7");
            options.Proxies.Networks.Add("127.0.0.0/8");
        });
        Assert.Equal(403, await AskAsync(behind, "203.0.113.7"));
        Assert.Equal(403, await AskAsync(behind, "198.51.100.1, 203.0.113.7"));

        // What the caller has written itself stands before what the proxy adds, and is not believed.
        Assert.Equal(200, await AskAsync(behind, "203.0.113.7, 198.51.100.1"));

        await using var elsewhere = await GatewayHost.StartAsync(options =>
        {
            options.Blocking.Addresses.Add("203.0.113.7");
            options.Proxies.Networks.Add("10.0.0.0/8");
        });
        Assert.Equal(200, await AskAsync(elsewhere, "203.0.113.7"));
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options => options.Proxies.Networks.Add("0.0.0.0/0")));
        Assert.Contains("which is everyone", error.Message, StringComparison.Ordinal);

        static async Task<int> AskAsync(GatewayHost host, string forwarded)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Address);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwarded);
            using var response = await host.Anonymous.SendAsync(request);
            return (int)response.StatusCode;
        }
    }
}
