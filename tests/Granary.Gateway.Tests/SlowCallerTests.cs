using System.Net.Sockets;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>Callers who take their time, to keep connections for themselves: each limit cuts them off, and nobody else waits.</summary>
public sealed class SlowCallerTests
{
    [Theory]
    [InlineData("GET /rpc/probe/a/Open HTTP/1.1\r\nHost: x\r\n")]
    [InlineData("GET /rpc/probe/a/Op")]
    [InlineData("GET /rpc/probe/a/Open HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
    public async Task Headers_that_do_not_end_are_cut(string beginning)
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.Headers = TimeSpan.FromSeconds(1));
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync(beginning);
        Assert.Equal("6", await host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""").OkAsync());
        Assert.DoesNotContain(" 200 ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http2_headers_that_do_not_end_are_cut()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.Headers = TimeSpan.FromSeconds(1));
        using var http2 = await RawHttp2.ConnectAsync(host);
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream, 1, RawHttp2.Head("GET", "/rpc/probe/a/Open")));
        await http2.ReadToEndAsync();
    }

    [Theory]
    [InlineData("/rpc/probe/a/Multiply")]
    [InlineData("/jsonrpc")]
    [InlineData("/granary.tests.v1.Probe/Multiply")]
    public async Task A_body_that_hardly_comes_is_cut(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{");
        Assert.Equal("6", await host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""").OkAsync());
        Assert.DoesNotContain(" 200 ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_without_a_request_is_closed()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.Idle = TimeSpan.FromSeconds(1));
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Contains(" 200 ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
        using var http2 = await RawHttp2.ConnectAsync(host);
        await http2.ReadToEndAsync();
    }

    [Fact]
    public async Task More_connections_than_may_be_are_closed_and_there_is_room_when_others_leave()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.Maximum = 5);
        host.Log.Expect("maximum number of concurrent connections");
        var open = new List<RawClient>();
        for (var i = 0; i < 5; i++)
        {
            open.Add(await RawClient.ConnectAsync(host));
            await open[i].SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            await open[i].ReadUntilAsync("Healthy");
        }

        await using (var sixth = await RawClient.ConnectAsync(host))
        {
            try
            {
                await sixth.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            catch (SocketException)
            {
                // Closed before it could ask.
            }

            Assert.Equal("", await sixth.ReadToEndAsync());
        }

        foreach (var raw in open) await raw.DisposeAsync();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await AnswersAsync(host)) await Task.Delay(10, bound.Token);
    }

    private static async Task<bool> AnswersAsync(GatewayHost host)
    {
        try
        {
            return await host.Anonymous.GetStringAsync("/healthz") == "Healthy";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
