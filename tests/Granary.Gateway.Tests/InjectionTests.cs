using System.Text;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>What callers write and the host says again: no line of theirs becomes a header or a line of the log.</summary>
public sealed class InjectionTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options => options.Metadata.Headers.Add("x-note"));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("GET", "/rpc/numbered/1%0d%0aX-Injected:1/Key")]
    [InlineData("GET", "/rpc/probe/a/No%0d%0aX-Injected:1")]
    [InlineData("GET", "/nowhere%0d%0aX-Injected:1")]
    [InlineData("GET", "/rpc/probe/a/Count?to=1%0d%0aX-Injected:1")]
    [InlineData("POST", "/granary.tests.v1.Probe/No%0d%0aX-Injected:1")]
    public async Task A_line_in_an_address_stays_within_the_answer(string method, string target)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Bearer {_host.Token("alice")}\r\n\r\n");
        var answer = await raw.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 40", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\nX-Injected", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/granary.tests.v1.Probe/No%0d%0agrpc-status:0")]
    [InlineData("/granary.tests.v1.Probe/No\u00e9%0agrpc-status:0")]
    public async Task A_line_in_a_gRPC_address_is_escaped_in_its_message(string path)
    {
        var answer = (await new GrpcClient(_host).CallAsync(path, GrpcClient.Keyed())).Failed(StatusCode.Unimplemented);
        Assert.DoesNotContain("\n", answer.Trailers["grpc-message"], StringComparison.Ordinal);
        Assert.Equal("12", answer.Trailers["grpc-status"]);
    }

    [Theory]
    [InlineData("00-\"><script>")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-01")]
    public async Task A_trace_that_is_none_is_not_said_again(string trace)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"GET /rpc/probe/a/Key HTTP/1.1\r\nHost: x\r\nConnection: close\r\ntraceparent: {trace}\r\ntracestate: {new string('x', 5000)}\r\nAuthorization: Bearer {_host.Token("alice")}\r\n\r\n");
        var answer = await raw.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(trace, answer, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('x', 100), answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x-note", "a\r\nx-granary-subject: root")]
    [InlineData("x-note", "a\nb")]
    [InlineData("x-note", "a\0b")]
    [InlineData("X-Note", "a")]
    [InlineData(":path", "/admin")]
    [InlineData("connection", "keep-alive")]
    public async Task An_http2_header_with_what_no_header_may_have_is_a_broken_request(string name, string value)
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.RequestAsync(1, "GET", "/rpc/probe/a/WhoAmI", (name, value), ("authorization", "Bearer " + _host.Token("alice")));
        var (type, _, _) = await http2.ReadUntilAsync(f => f.Type is RawHttp2.Rst or RawHttp2.GoAway or RawHttp2.Headers);
        Assert.NotEqual(RawHttp2.Headers, type);
    }

    [Fact]
    public async Task An_http2_name_with_a_line_in_it_reaches_no_grain_and_no_answer()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.RequestAsync(1, "POST", "/rpc/probe/a/WhoAmI", ("x-note\r\nx-injected", "injected"), ("authorization", "Bearer " + _host.Token("alice")));
        var (_, _, head) = await http2.ReadUntilAsync(f => f.Type == RawHttp2.Headers);
        var (_, _, data) = await http2.ReadUntilAsync(f => f.Type == RawHttp2.Data && f.Payload.Length > 0);
        Assert.Contains("alice", Encoding.UTF8.GetString(data), StringComparison.Ordinal);
        Assert.DoesNotContain("injected", Encoding.UTF8.GetString(data) + Encoding.Latin1.GetString(head), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_by_hand_that_is_right_is_answered()
    {
        using var http2 = await RawHttp2.ConnectAsync(_host);
        await http2.RequestAsync(1, "GET", "/rpc/probe/a/Key", ("authorization", "Bearer " + _host.Token("alice")));
        await http2.ReadUntilAsync(f => f.Type == RawHttp2.Headers);
        var (_, _, data) = await http2.ReadUntilAsync(f => f.Type == RawHttp2.Data && f.Payload.Length > 0);
        Assert.Equal("\"a\"", Encoding.UTF8.GetString(data));
    }
}
