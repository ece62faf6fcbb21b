using System.Net.Http.Headers;
using System.Net.WebSockets;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>Who may connect, with what, how often and for how long.</summary>
public sealed class WebSocketAdmissionTests
{
    private const string Request = """{"jsonrpc":"2.0","method":"probe.WhoAmI","params":["k"],"id":1}""";

    [Theory]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("https://app.example.com", true)]
    [InlineData("HTTPS://APP.example.com", true)]
    [InlineData("https://app.example.com:8443", false)]
    [InlineData("https://app.example.com.evil.example", false)]
    [InlineData(null, true)]
    public async Task Pages_of_other_origins_need_to_be_allowed(string? origin, bool allowed)
    {
        await using var host = await GatewayHost.StartAsync(options => options.Cors.Origins.Add("https://app.example.com"));
        foreach (var path in new[] { "/jsonrpc", "/ws/probe/a/Open" })
        {
            var connecting = SocketClient.ConnectAsync(host, path, options =>
            {
                if (origin is not null) options.SetRequestHeader("Origin", origin);
            });
            if (allowed) await (await connecting).DisposeAsync();
            else Assert.Equal(403, (await Assert.ThrowsAsync<RefusedException>(() => connecting)).Status);
        }
    }

    [Fact]
    public async Task A_page_of_the_host_itself_may_connect_also_behind_tls()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var scheme in new[] { "http", "https" })
            await (await SocketClient.ConnectAsync(host, "/jsonrpc", options => options.SetRequestHeader("Origin", $"{scheme}://{host.Address.Authority}"))).DisposeAsync();
    }

    [Fact]
    public async Task A_browsers_token_is_a_subprotocol_that_is_not_sent_back()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc", options =>
        {
            options.AddSubProtocol("granary.v1");
            options.AddSubProtocol("granary.bearer." + host.Token("bob", "user"));
        });
        Assert.Equal("granary.v1", socket.SubProtocol);
        await socket.SendAsync(Request);
        Assert.Equal("bob", (string?)(await socket.ReceiveObjectAsync())["result"]!["granary.subject"]);
    }

    [Fact]
    public async Task A_token_alone_among_the_subprotocols_is_refused_since_nothing_could_be_selected()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(400, (await Assert.ThrowsAsync<RefusedException>(() => SocketClient.ConnectAsync(host, "/jsonrpc", options => options.AddSubProtocol("granary.bearer." + host.Token("bob"))))).Status);
    }

    [Fact]
    public async Task A_token_in_the_query_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(400, (await Assert.ThrowsAsync<RefusedException>(() => SocketClient.ConnectAsync(host, "/jsonrpc?access_token=" + host.Token("bob")))).Status);
    }

    [Fact]
    public async Task A_header_that_does_not_hold_is_401_and_a_subprotocol_that_does_not_a_close_code()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var path in new[] { "/jsonrpc", "/ws/probe/a/Open" })
        {
            Assert.Equal(401, (await Assert.ThrowsAsync<RefusedException>(() => SocketClient.ConnectAsync(host, path, options => options.SetRequestHeader("Authorization", "Bearer x.y.z")))).Status);
            await using var socket = await SocketClient.ConnectAsync(host, path, options =>
            {
                options.AddSubProtocol("granary.v1");
                options.AddSubProtocol("granary.bearer.x.y.z");
            });
            Assert.Null(await socket.ReceiveAsync());
            Assert.Equal(4016, socket.CloseCode);
        }
    }

    [Fact]
    public async Task Without_a_token_only_open_methods_can_be_called()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc", _ => { });
        await socket.SendAsync(Request);
        Assert.Equal("", (string?)(await socket.ReceiveObjectAsync())["result"]!["granary.subject"]);
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":1}""");
        Assert.Equal(-32016, (int?)(await socket.ReceiveObjectAsync())["error"]!["code"]);
    }

    [Fact]
    public async Task A_connection_ends_with_its_token()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Authentication.ClockSkew = TimeSpan.Zero);
        var token = host.Services.GetRequiredService<Authentication.TokenIssuer>().Issue("alice", ["user"], TimeSpan.FromSeconds(2));
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        await using var stream = await SocketClient.ConnectAsync(host, "/ws/probe/a/Live", options => options.SetRequestHeader("Authorization", "Bearer " + token));
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(4016, socket.CloseCode);
        Assert.Equal("the token has expired", socket.CloseReason);
        Assert.Null(await stream.ReceiveAsync());
        Assert.Equal(4016, stream.CloseCode);
        await host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Connections_are_counted_in_all_and_for_each_caller()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.WebSockets.MaxConnections = 3;
            options.WebSockets.MaxConnectionsPerCaller = 2;
        });
        var first = await ConnectAsync("a");
        await using var second = await ConnectAsync("a");
        Assert.Equal(429, (await Assert.ThrowsAsync<RefusedException>(() => ConnectAsync("a"))).Status);
        await using var third = await ConnectAsync("b");
        Assert.Equal(429, (await Assert.ThrowsAsync<RefusedException>(() => ConnectAsync("c"))).Status);

        // A connection that has ended makes room.
        await first.CloseAsync();
        for (var tries = 0; ; tries++)
        {
            try
            {
                await (await ConnectAsync("a")).DisposeAsync();
                return;
            }
            catch (RefusedException) when (tries < 500)
            {
                await Task.Delay(10);
            }
        }

        Task<SocketClient> ConnectAsync(string subject) => SocketClient.ConnectAsync(host, "/jsonrpc", options => options.SetRequestHeader("Authorization", "Bearer " + host.Token(subject)));
    }

    [Fact]
    public async Task A_websocket_may_be_a_stream_of_http2()
    {
        await using var host = await GatewayHost.StartAsync(protocols: HttpProtocols.Http2);
        using var handler = new SocketsHttpHandler();
        using var client = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(2, 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.SetRequestHeader("Authorization", new AuthenticationHeaderValue("Bearer", host.Token("alice")).ToString());
        await socket.ConnectAsync(new UriBuilder(new Uri(host.Address, "/ws/probe/a/Count?to=2")) { Scheme = "ws" }.Uri, client, default);
        var buffer = new byte[1000];
        var text = "";
        while (await socket.ReceiveAsync(buffer.AsMemory(), default) is { MessageType: WebSocketMessageType.Text } received) text += System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count);
        Assert.Equal("""{"item":1}{"item":2}{"end":true}""", text);
        Assert.Equal(1000, (int?)socket.CloseStatus);
    }
}
