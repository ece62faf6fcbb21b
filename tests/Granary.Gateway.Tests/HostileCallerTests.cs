using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>
/// Callers of gRPC and Connect who send nonsense, stall, or come in crowds: the host answers others meanwhile and afterwards, logs nothing it should not, and has no call under way in the end.
/// </summary>
public sealed class HostileCallerTests
{
    private static readonly string[] s_methods = ["Multiply", "Pack", "Key", "Sum", "RunningSum", "TakeUntilHeavy", "Count"];

    [Theory]
    [InlineData("application/grpc", 1)]
    [InlineData("application/grpc", 2)]
    [InlineData("application/grpc-web+proto", 3)]
    [InlineData("application/grpc-web-text", 4)]
    [InlineData("application/connect+proto", 5)]
    [InlineData("application/connect+json", 6)]
    [InlineData("application/proto", 7)]
    [InlineData("application/json", 8)]
    public async Task Damaged_bodies_end_in_clean_errors(string contentType, int seed)
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Limits.BodyBytes = 4096;
            options.RateLimits.Enabled = false;
            options.Deadlines.StreamMaximum = TimeSpan.FromSeconds(20);
        });
        var random = new Random(seed);
        for (var round = 0; round < 20; round++)
        {
            var bodies = Enumerable.Range(0, 20).Select(_ => (Method: s_methods[random.Next(s_methods.Length)], Body: Damage(contentType, random), Packed: random.Next(4) == 0)).ToArray();
            await Task.WhenAll(bodies.Select(b => SendAsync(host, contentType, b.Method, b.Body, b.Packed)));
            Assert.Equal("6", await host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""").OkAsync());
        }

        await IdleAsync(host);
    }

    [Fact]
    public async Task Streams_that_are_left_open_end_at_their_deadlines_and_hold_nobody_up()
    {
        await using var host = await GatewayHost.StartAsync(options => options.RateLimits.Enabled = false);
        var client = new GrpcClient(host);
        client.Headers["grpc-timeout"] = "2S";
        var open = Enumerable.Range(0, 200).Select(i => client.OpenAsync(i % 2 == 0 ? "RunningSum" : "Sum", GrpcClient.Frame(GrpcClient.Keyed()))).ToArray();
        Assert.Equal(56, GrpcClient.Double((await new GrpcClient(host).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok().Messages[0]));
        foreach (var opening in open)
        {
            var (response, sending) = await opening.WaitAsync(TimeSpan.FromSeconds(60));
            using (response) (await GrpcAnswer.ReadAsync(response, "").WaitAsync(TimeSpan.FromSeconds(60))).Failed(StatusCode.DeadlineExceeded);
            sending.Complete();
        }

        await IdleAsync(host);
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_is_cut_off()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Streams.StallLimit = TimeSpan.FromSeconds(1));
        var (response, _) = await new GrpcClient(host).OpenAsync("Flood", GrpcClient.Frame(GrpcClient.Keyed()), complete: true);
        using (response) await host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await IdleAsync(host);
    }

    [Fact]
    public async Task A_storm_of_resets_ends_every_call()
    {
        await using var host = await GatewayHost.StartAsync(options => options.RateLimits.Enabled = false);
        for (var round = 0; round < 10; round++)
        {
            using var cancel = new CancellationTokenSource();
            var client = new GrpcClient(host);
            var calls = Enumerable.Range(0, 100).Select(i => client.OpenAsync(i % 2 == 0 ? "Live" : "Wait", GrpcClient.Frame(GrpcClient.Keyed()), cancel.Token, complete: true)).ToArray();
            await cancel.CancelAsync();
            foreach (var call in calls)
            {
                try
                {
                    (await call).Response.Dispose();
                }
                catch (Exception gone) when (gone is OperationCanceledException or HttpRequestException)
                {
                }
            }
        }

        await IdleAsync(host);
        Assert.Equal(56, GrpcClient.Double((await new GrpcClient(host).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok().Messages[0]));
    }

    [Fact]
    public async Task A_thousand_streams_at_once_are_served_beside_other_calls()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.RateLimits.Enabled = false;
            options.Connections.Streams = 2000;
        });
        var client = new GrpcClient(host);
        var open = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => client.OpenAsync("Live", GrpcClient.Frame(GrpcClient.Keyed()), complete: true)));
        Assert.Equal(56, GrpcClient.Double((await client.CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok().Messages[0]));
        Assert.Equal(1000, Active(host));
        foreach (var (response, _) in open) response.Dispose();
        await IdleAsync(host);
    }

    private static async Task SendAsync(GatewayHost host, string contentType, string method, byte[] body, bool packed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/granary.tests.v1.Probe/" + method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (packed)
        {
            var header = contentType.Contains("grpc", StringComparison.Ordinal) ? "grpc-encoding" : contentType.Contains("connect", StringComparison.Ordinal) ? "connect-content-encoding" : "Content-Encoding";
            if (!request.Headers.TryAddWithoutValidation(header, "gzip")) request.Content.Headers.TryAddWithoutValidation(header, "gzip");
        }

        using var response = await host.Client.SendAsync(request).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True((int)response.StatusCode is 200 or 400 or 415 or 429 or 501, $"{(int)response.StatusCode}");
        await response.Content.ReadAsByteArrayAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    // A good body, and then some of its bytes changed, taken out, doubled, or cut off.
    private static byte[] Damage(string contentType, Random random)
    {
        byte[][] good = contentType.Contains("json", StringComparison.Ordinal)
            ? ["""{"key":"a","a":7,"b":8}"""u8.ToArray(), """{"key":"a","parcel":{"to":"x","inner":[{"to":"y"}]},"sizes":[1,2]}"""u8.ToArray(), """{"key":"a","item":1}"""u8.ToArray()]
            : [GrpcClient.Multiply(7, 8), GrpcClient.Text("some text that is longer"), GrpcClient.Number(10), GrpcClient.Keyed()];
        var isFramed = contentType is not ("application/json" or "application/proto");
        List<byte> body = [];
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var message = good[random.Next(good.Length)];
            var isPacked = random.Next(3) == 0;
            if (isPacked) message = GrpcClient.Zip(message);
            body.AddRange(isFramed ? GrpcClient.Frame(message, isPacked ? (byte)1 : (byte)0) : message);
        }

        for (var i = random.Next(4); i > 0 && body.Count > 0; i--)
        {
            var at = random.Next(body.Count);
            switch (random.Next(4))
            {
                case 0:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1:
                    body.RemoveAt(at);
                    break;
                case 2:
                    body.InsertRange(at, body.Skip(at).Take(random.Next(20)).ToArray());
                    break;
                default:
                    body.RemoveRange(at, body.Count - at);
                    break;
            }
        }

        return contentType.Contains("text", StringComparison.Ordinal) && random.Next(4) > 0 ? Encoding.ASCII.GetBytes(Convert.ToBase64String([.. body])) : [.. body];
    }

    private static long Active(GatewayHost host) => host.Services.GetRequiredService<GatewayInstruments>().Methods.Sum(m => m.Active);

    private static async Task IdleAsync(GatewayHost host)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Active(host) > 0) await Task.Delay(10, bound.Token);
    }
}
