using System.Text;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>RFC 6455 as a hostile, clumsy or silent client speaks it.</summary>
public sealed class WebSocketProtocolTests : IAsyncLifetime
{
    private const int Continuation = 0;
    private const int Text = 1;
    private const int Binary = 2;
    private const int Close = 8;
    private const int Ping = 9;
    private const int Pong = 10;

    private static readonly byte[] s_request = """{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":1}"""u8.ToArray();
    private static readonly byte[] s_response = """{"jsonrpc":"2.0","result":"k","id":1}"""u8.ToArray();

    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options => options.Limits.BodyBytes = 1024);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_text_in_pieces_is_one_message_and_a_ping_may_come_between_them()
    {
        using var socket = await ConnectAsync();
        byte[] bytes = [
            .. RawSocket.Frame(Text, s_request.AsSpan(0, 10), isFinal: false), .. RawSocket.Frame(Ping, "here?"u8), .. RawSocket.Frame(Continuation, default, isFinal: false),
            .. RawSocket.Frame(Continuation, s_request.AsSpan(10))];

        // A byte at a time: nothing depends on how they come.
        foreach (var one in bytes) await socket.WriteAsync(new[] { one });
        var pong = await socket.ReadAsync();
        Assert.Equal((Pong, "here?"), (pong!.Value.Opcode, Encoding.UTF8.GetString(pong.Value.Payload)));
        var answer = await socket.ReadAsync();
        Assert.Equal(s_response, answer!.Value.Payload);
    }

    [Fact]
    public async Task Many_messages_in_one_write_are_all_answered()
    {
        using var socket = await ConnectAsync();
        await socket.WriteAsync(Enumerable.Repeat(RawSocket.Frame(Text, s_request), 500).SelectMany(f => f).ToArray());
        for (var i = 0; i < 500; i++) Assert.Equal(s_response, (await socket.ReadAsync())!.Value.Payload);
    }

    public static TheoryData<string, byte[], int> Faults() => new()
    {
        { "not masked", RawSocket.Frame(Text, s_request, isMasked: false), 1002 },
        { "binary", RawSocket.Frame(Binary, s_request), 1003 },
        { "no utf-8", RawSocket.Frame(Text, [0xC3, 0x28]), 1007 },
        { "utf-8 that breaks off", RawSocket.Frame(Text, [(byte)'"', 0xE2, 0x82]), 1007 },
        { "too large", RawSocket.Frame(Text, new byte[1025]), 1009 },
        { "too large in pieces", [.. RawSocket.Frame(Text, new byte[1000], isFinal: false), .. RawSocket.Frame(Continuation, new byte[25])], 1009 },
        { "announced too large", RawSocket.Frame(Text, default, announced: long.MaxValue), 1009 },
        { "negative length", RawSocket.Frame(Text, default, announced: long.MinValue | 5), 1002 },
        { "continuation of nothing", RawSocket.Frame(Continuation, s_request), 1002 },
        { "text within a text", [.. RawSocket.Frame(Text, s_request, isFinal: false), .. RawSocket.Frame(Text, s_request)], 1002 },
        { "ping in pieces", RawSocket.Frame(Ping, "x"u8, isFinal: false), 1002 },
        { "long ping", RawSocket.Frame(Ping, new byte[126]), 1002 },
        { "unknown opcode", RawSocket.Frame(3, s_request), 1002 },
        { "unknown control", RawSocket.Frame(11, default), 1002 },
        { "reserved bit", [(byte)(0xC0 | Text), .. RawSocket.Frame(Text, s_request).AsSpan(1)], 1002 },
        { "length longer than needed", [0x81, 0x80 | 126, 0, 1, 0, 0, 0, 0, 0], 1002 },
        { "half a close code", RawSocket.Frame(Close, [3]), 1002 },
        { "forbidden close code", RawSocket.Frame(Close, [0x03, 0xED]), 1002 },
        { "close reason no utf-8", RawSocket.Frame(Close, [0x03, 0xE8, 0xFF]), 1007 },
        { "orderly close", RawSocket.Frame(Close, [0x03, 0xE8]), 1000 },
        { "close without a code", RawSocket.Frame(Close, default), 1000 },
        { "close of an application's", RawSocket.Frame(Close, [0x0F, 0xA0, (byte)'x']), 4000 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_breaks_the_rules_is_closed_with_the_code_for_it(string what, byte[] bytes, int code)
    {
        using var socket = await ConnectAsync();
        await socket.WriteAsync(bytes);
        Assert.True(await socket.ReadCloseAsync() == code, what);
    }

    [Fact]
    public async Task Random_bytes_end_in_a_clean_close()
    {
        var random = new Random(11);
        for (var i = 0; i < 60; i++)
        {
            using var socket = await ConnectAsync();
            var bytes = Enumerable.Repeat(RawSocket.Frame(Text, s_request), 3).SelectMany(f => f).ToArray();
            for (var n = random.Next(1, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await socket.WriteAsync(bytes);
            await socket.WriteAsync(RawSocket.Frame(Close, [0x03, 0xE8]));

            // An answer, an error, a close, or nothing where a frame's rest is missing: whatever it was taken for, it ends.
            socket.EndSending();
            await socket.ReadCloseAsync();
        }

        // The host is well.
        await using var good = await SocketClient.ConnectAsync(_host, "/jsonrpc");
        await good.SendAsync(Encoding.UTF8.GetString(s_request));
        Assert.Equal(Encoding.UTF8.GetString(s_response), await good.ReceiveAsync());
    }

    [Fact]
    public async Task A_client_that_answers_no_ping_is_cut_and_one_that_does_is_not()
    {
        await using var host = await GatewayHost.StartAsync(options => options.WebSockets.KeepAlive = TimeSpan.FromSeconds(1));
        using var silent = await RawSocket.ConnectAsync(host, "/jsonrpc");
        using var alive = await RawSocket.ConnectAsync(host, "/jsonrpc");
        var answering = Task.Run(async () =>
        {
            for (var pings = 0; pings < 4; pings++)
            {
                Assert.Equal(Ping, (await alive.ReadAsync())!.Value.Opcode);
                await alive.WriteAsync(RawSocket.Frame(Pong, default));
            }
        });
        Assert.Equal(Ping, (await silent.ReadAsync())!.Value.Opcode);
        Assert.Null(await silent.ReadAsync());
        await answering;
        await alive.WriteAsync(RawSocket.Frame(Text, s_request));
        while (await alive.ReadAsync() is { } frame)
        {
            if (frame.Opcode != Text) continue;
            Assert.Equal(s_response, frame.Payload);
            return;
        }

        Assert.Fail("The connection that answered was cut.");
    }

    [Fact]
    public async Task A_frame_that_hardly_comes_is_cut()
    {
        await using var host = await GatewayHost.StartAsync(options => (options.WebSockets.KeepAlive, options.Streams.StallLimit) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
        using var slow = await RawSocket.ConnectAsync(host, "/jsonrpc");
        var frame = RawSocket.Frame(Text, new byte[1000]);
        await slow.WriteAsync(frame[..20]);

        // A byte now and then, for as long as it is taken.
        var end = EndAsync();
        for (var i = 20; i < frame.Length && !end.IsCompleted; i++)
        {
            try
            {
                await slow.WriteAsync(frame[i..(i + 1)]);
            }
            catch (IOException)
            {
                break;
            }

            await Task.WhenAny(end, Task.Delay(100));
        }

        await end.WaitAsync(TimeSpan.FromSeconds(60));

        async Task EndAsync()
        {
            while (await slow.ReadAsync() is not null)
            {
            }
        }
    }

    [Fact]
    public async Task A_caller_who_is_held_back_is_not_taken_for_dead()
    {
        await using var host = await GatewayHost.StartAsync(options => options.WebSockets.KeepAlive = TimeSpan.FromSeconds(1));
        using var socket = await RawSocket.ConnectAsync(host, "/ws/probe/a/Hesitate");

        // More than the stream's buffer holds: from now on the host does not read, and sees no pong.
        var item = RawSocket.Frame(Text, """{"item":1}"""u8);
        await socket.WriteAsync(Enumerable.Repeat(item, 200).SelectMany(f => f).ToArray());
        for (var pings = 0; pings < 4; pings++) Assert.Equal(Ping, (await socket.ReadAsync())!.Value.Opcode);
        await socket.WriteAsync(RawSocket.Frame(Text, """{"end":true}"""u8));
        host.Grains.Go.TrySetResult();
        while (await socket.ReadAsync() is { } frame)
        {
            if (frame.Opcode != Text) continue;
            Assert.Equal("""{"result":200}""", Encoding.UTF8.GetString(frame.Payload));
            return;
        }

        Assert.Fail("The connection was cut.");
    }

    [Theory]
    [InlineData("Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: short")]
    [InlineData("Sec-WebSocket-Version: 13", "X-None: x")]
    public async Task A_handshake_that_is_not_right_is_400(string version, string key)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"GET /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{version}\r\n{key}\r\n\r\n");
        var head = await raw.ReadUntilAsync("\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Version: 13", head, StringComparison.Ordinal);
    }

    private Task<RawSocket> ConnectAsync() => RawSocket.ConnectAsync(_host, "/jsonrpc");
}
