using System.Net;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

[CollectionDefinition(nameof(FloodTests), DisableParallelization = true)]
public sealed class FloodCollection;

/// <summary>Callers who send what costs them little, as fast as they can. Meanwhile others are answered; afterwards no call is under way and the memory is back. Alone, since the memory is the process's.</summary>
[Collection(nameof(FloodTests))]
public sealed class FloodTests : IAsyncLifetime
{
    // Pools keep some of what was used once.
    private const long Kept = 96 * 1024 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private GatewayHost _host = null!;
    private long _before;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(options =>
        {
            options.RateLimits.Enabled = false;
            options.Connections.Streams = 1500;
        });
        await OthersAsync();
        _before = GC.GetTotalMemory(forceFullCollection: true);
    }

    public async Task DisposeAsync()
    {
        await OthersAsync();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (_host.Services.GetRequiredService<GatewayInstruments>().Methods.Sum(m => m.Active) > 0) await Task.Delay(10, bound.Token);
        while (GC.GetTotalMemory(forceFullCollection: true) > _before + Kept)
        {
            Assert.False(bound.IsCancellationRequested, $"{GC.GetTotalMemory(forceFullCollection: true) - _before} bytes are kept.");
            await Task.Delay(50, CancellationToken.None);
        }

        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Streams_opened_and_reset_at_once()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        var head = RawHttp2.Head("POST", "/rpc/probe/a/Wait", ("authorization", "Bearer " + _host.Token("alice")));
        var storm = Enumerable.Range(0, 20_000).Select(i => (2 * i) + 1)
            .SelectMany(stream => (byte[])[.. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, stream, head), .. RawHttp2.Frame(RawHttp2.Rst, 0, stream, [0, 0, 0, 8])]).ToArray();
        var sending = http2.TryWriteAsync(storm, s_patience);
        await OthersAsync();
        await sending;
    }

    [Theory]
    [InlineData("settings")]
    [InlineData("ping")]
    [InlineData("empty data")]
    [InlineData("window updates")]
    [InlineData("unknown frames")]
    [InlineData("priority")]
    public async Task Frames_that_ask_for_nothing(string what)
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.Head(
            "POST", "/granary.tests.v1.Probe/Sum", ("content-type", "application/grpc"), ("te", "trailers"), ("authorization", "Bearer " + _host.Token("alice")))));
        var frame = what switch
        {
            "settings" => RawHttp2.Frame(RawHttp2.Settings, 0, 0, [0, 4, 0, 0, 255, 255]),
            "ping" => RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]),
            "empty data" => RawHttp2.Frame(RawHttp2.Data, 0, 1, []),
            "window updates" => RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 1, [0, 0, 0, 1]),
            "unknown frames" => RawHttp2.Frame(0xEE, 0xFF, 1, new byte[100]),
            _ => RawHttp2.Frame(2, 0, 1, [0, 0, 0, 3, 10]),
        };

        // The answers are not read: they must not gather either.
        var sending = http2.TryWriteAsync(Enumerable.Repeat(frame, 200_000).SelectMany(f => f).ToArray(), s_patience);
        await OthersAsync();
        await sending;
    }

    [Fact]
    public async Task Headers_continued_without_end()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream, 1, RawHttp2.Head("GET", "/rpc/probe/a/Open")));
        var more = RawHttp2.Frame(RawHttp2.Continuation, 0, 1, RawHttp2.Literal("x-more", new string('x', 4000)));
        await http2.TryWriteAsync(Enumerable.Repeat(more, 5000).SelectMany(f => f).ToArray(), s_patience);
        await http2.ReadToEndAsync();
    }

    [Fact]
    public async Task Headers_continued_with_nothing()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream, 1, RawHttp2.Head("GET", "/rpc/probe/a/Open")));
        var sending = http2.TryWriteAsync(Enumerable.Repeat(RawHttp2.Frame(RawHttp2.Continuation, 0, 1, []), 200_000).SelectMany(f => f).ToArray(), s_patience);
        await OthersAsync();
        await sending;
    }

    [Fact]
    public async Task A_header_remembered_once_and_meant_a_thousand_times()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);

        // Literal with indexing (RFC 7541, 6.2.1), then the entry 62 again and again (6.1).
        var remembered = RawHttp2.Literal("x-bomb", new string('x', 3000));
        remembered[0] = 0x40;
        byte[] block = [.. RawHttp2.Head("GET", "/rpc/probe/a/Open"), .. remembered, .. Enumerable.Repeat((byte)(0x80 | 62), 10_000)];
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, 1, block));
        var (type, _, _) = await http2.ReadUntilAsync(f => f.Type is RawHttp2.Rst or RawHttp2.GoAway or RawHttp2.Data);
        Assert.NotEqual(RawHttp2.Data, type);
    }

    [Fact]
    public async Task Ten_thousand_streams_over_ten_connections()
    {
        var clients = Enumerable.Range(0, 10).Select(_ => new HttpClient { BaseAddress = _host.Address, Timeout = TimeSpan.FromSeconds(120) }).ToArray();
        try
        {
            var token = _host.Token("alice");
            var open = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async i =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Live") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                request.Headers.Authorization = new("Bearer", token);
                return await clients[i % 10].SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            }));
            Assert.All(open, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
            Assert.Equal(10_000, _host.Services.GetRequiredService<GatewayInstruments>().Methods.Sum(m => m.Active));
            await OthersAsync();
            foreach (var response in open) response.Dispose();
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }
    }

    [Theory]
    [InlineData("pings")]
    [InlineData("pongs")]
    [InlineData("fragments of nothing")]
    [InlineData("fragments of a byte")]
    [InlineData("messages of nothing")]
    public async Task Websocket_frames_that_ask_for_nothing(string what)
    {
        using var socket = await RawSocket.ConnectAsync(_host, "/jsonrpc");
        var (frame, count) = what switch
        {
            "pings" => (RawSocket.Frame(9, new byte[125]), 100_000),
            "pongs" => (RawSocket.Frame(10, new byte[125]), 100_000),
            "fragments of nothing" => (RawSocket.Frame(0, [], isFinal: false), 200_000),
            "fragments of a byte" => (RawSocket.Frame(0, [32], isFinal: false), 1_200_000),
            _ => (RawSocket.Frame(1, []), 100_000),
        };
        if (what.StartsWith("fragments", StringComparison.Ordinal)) await socket.WriteAsync(RawSocket.Frame(1, [32], isFinal: false));
        var sending = SendAsync(socket, Enumerable.Repeat(frame, count).SelectMany(f => f).ToArray());
        await OthersAsync();
        await sending;
    }

    private static async Task SendAsync(RawSocket socket, byte[] bytes)
    {
        try
        {
            await socket.WriteAsync(bytes).WaitAsync(s_patience);
        }
        catch (Exception refused) when (refused is IOException or TimeoutException)
        {
            // It does not want any more, or waits until its answers are read.
        }
    }

    private async Task OthersAsync()
    {
        for (var i = 0; i < 20; i++) Assert.Equal("6", await _host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""").OkAsync());
        Assert.Equal(56, GrpcClient.Double((await new GrpcClient(_host).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok().Messages[0]));
    }
}
