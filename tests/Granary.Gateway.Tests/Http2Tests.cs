using System.Net;
using System.Text;
using System.Threading.Channels;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Granary.Gateway.Tests;

/// <summary>The same calls on HTTP/2, where they share a connection.</summary>
public sealed class Http2Tests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options => options.Limits.BodyBytes = 4096, protocols: HttpProtocols.Http2);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Many_calls_at_once_get_their_own_answers()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => SendAsync("Multiply", new StringContent($$"""{"a":{{i}},"b":2}""", Encoding.UTF8, "application/json")).OkAsync()));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (i * 2).ToString()), answers);
    }

    [Fact]
    public async Task A_refused_body_does_not_end_the_connection()
    {
        await SendAsync("Forget", new StringContent(new string(' ', 5000), Encoding.UTF8, "application/json")).ProblemAsync(413, "RESOURCE_EXHAUSTED");
        Assert.Equal("6", await SendAsync("Multiply", new StringContent("""{"a":3,"b":2}""", Encoding.UTF8, "application/json")).OkAsync());
    }

    [Fact]
    public async Task Both_sides_of_a_bidirectional_stream_flow_at_once()
    {
        var lines = Channel.CreateUnbounded<string>();
        using var response = await SendAsync("RunningSum", new Lines(lines.Reader), HttpCompletionOption.ResponseHeadersRead, () => lines.Writer.TryWrite("5\n"));
        using var answers = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("5", await answers.ReadLineAsync());
        lines.Writer.TryWrite("6\n");
        Assert.Equal("11", await answers.ReadLineAsync());
        lines.Writer.Complete();
        Assert.Null(await answers.ReadLineAsync());
    }

    [Fact]
    public async Task A_caller_who_resets_its_stream_ends_the_grains()
    {
        await _host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        using (var response = await SendAsync("Live", new ByteArrayContent([]), HttpCompletionOption.ResponseHeadersRead)) Assert.Equal(200, (int)response.StatusCode);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private Task<HttpResponseMessage> SendAsync(string method, HttpContent content, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead, Action? before = null)
    {
        before?.Invoke();
        return _host.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/" + method) { Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact }, completion);
    }

    private sealed class Lines : HttpContent
    {
        private readonly ChannelReader<string> _lines;

        public Lines(ChannelReader<string> lines)
        {
            _lines = lines;
            Headers.ContentType = new("application/x-ndjson");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await foreach (var line in _lines.ReadAllAsync())
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(line));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
