using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class CancellationTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_caller_who_goes_away_ends_the_grains_token()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Deadlines.Default = TimeSpan.FromMinutes(1));
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Wait HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nContent-Length: 0\r\n\r\n");
        await host.Grains.Begun.Task.WaitAsync(s_bound);
        Assert.False(host.Grains.Ended.Task.IsCompleted);
        raw.Reset();
        await host.Grains.Ended.Task.WaitAsync(s_bound);
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("application/x-ndjson")]
    public async Task A_reader_who_goes_away_ends_the_stream(string accept)
    {
        await using var host = await GatewayHost.StartAsync();
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nAccept: {accept}\r\nContent-Length: 0\r\n\r\n");
        await host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        await raw.ReadUntilAsync("\"to\":\"x\"");
        Assert.False(host.Grains.Ended.Task.IsCompleted);
        raw.Reset();
        await host.Grains.Ended.Task.WaitAsync(s_bound);
    }

    [Fact]
    public async Task A_caller_who_goes_away_within_its_own_stream_ends_the_call()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Sum HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n");
        await host.Grains.Begun.Task.WaitAsync(s_bound);
        raw.Reset();

        // The host stops only when no request is left; an unexpected log entry would fail the test.
    }

    [Fact]
    public async Task A_reader_who_stalls_holds_the_grain_back()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Flood HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nContent-Length: 0\r\n\r\n");
        await raw.ReadUntilAsync("xxx");

        await host.Grains.HeldBackAsync();
        raw.Reset();
        await host.Grains.Ended.Task.WaitAsync(s_bound);
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_for_too_long_is_cut()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Streams.StallLimit = TimeSpan.FromSeconds(1));
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Flood HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nContent-Length: 0\r\n\r\n");
        await raw.ReadUntilAsync("xxx");
        await host.Grains.Ended.Task.WaitAsync(s_bound);
    }
}
