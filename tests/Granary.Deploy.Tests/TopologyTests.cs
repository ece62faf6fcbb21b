using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Granary.Deploy.Tests.Support;

namespace Granary.Deploy.Tests;

/// <summary>The cluster of <c>docker-compose.yml</c>, running: what a caller sees through the one address, and what Prometheus sees.</summary>
public sealed class TopologyTests(Topology topology) : IClassFixture<Topology>
{
    [Fact]
    public async Task Every_protocol_passes_the_balancer()
    {
        using var http = await CallerAsync();
        Assert.Equal("56", await http.GetStringAsync(new Uri("/rpc/calculator/a/Multiply?a=7&b=8", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await new HttpClient().GetAsync(new Uri(topology.Address, "/rpc/calculator/a/Multiply?a=7&b=8"))).StatusCode);

        // gRPC: a message and its trailers, HTTP/2 without TLS.
        using var call = new HttpRequestMessage(HttpMethod.Post, "/granary.samples.v1.Calculator/Multiply") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([0, 0, 0, 0, 21, 0x0A, 1, (byte)'a', 0x11, 0, 0, 0, 0, 0, 0, 28, 64, 0x19, 0, 0, 0, 0, 0, 0, 32, 64]) };
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var answer = await http.SendAsync(call);
        Assert.Equal([0, 0, 0, 0, 9, 0x09, 0, 0, 0, 0, 0, 0, 76, 64], await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());

        // A WebSocket.
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", http.DefaultRequestHeaders.Authorization!.ToString());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(new Uri($"ws://{topology.Address.Authority}/ws/calculator/a/Multiply?a=7&b=8"), patience.Token);
        var buffer = new byte[100];
        var message = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
        Assert.Equal("""{"result":56}""", Encoding.UTF8.GetString(buffer, 0, message.Count));
    }

    [Fact]
    public async Task Events_come_one_by_one_and_not_when_a_buffer_is_full()
    {
        using var http = await CallerAsync();
        // The stream does not end: that an event arrives at all shows that nobody gathers them.
        using var limit = Json("""{"limit":90}""");
        Assert.True((await http.PostAsync(new Uri("/rpc/devices/7/SetLimit", UriKind.Relative), limit)).IsSuccessStatusCode);
        using var wanted = new HttpRequestMessage(HttpMethod.Post, "/rpc/devices/7/Alerts");
        wanted.Headers.Accept.ParseAdd("text/event-stream");
        using var reply = await http.SendAsync(wanted, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", reply.Content.Headers.ContentType!.MediaType);
        using var stream = new StreamReader(await reply.Content.ReadAsStreamAsync());

        // What is sent before the stream has begun to listen is not seen by it.
        var first = ReadEventAsync(stream);
        for (var sequence = 1; !first.IsCompleted; sequence++)
        {
            using var reading = Json("{\"readings\":[{\"sequence\":" + sequence + ",\"at\":\"2026-01-01T00:00:00Z\",\"value\":95.5}]}");
            Assert.True((await http.PostAsync(new Uri("/rpc/devices/7/Ingest", UriKind.Relative), reading)).IsSuccessStatusCode);

            // Not faster than the rate limit allows.
            await Task.WhenAny(first, Task.Delay(50));
        }

        Assert.Contains("95.5", await first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_not_for_those_who_come_through_the_balancer()
    {
        using var http = await CallerAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Prometheus_scrapes_every_process_and_computes_the_rules()
    {
        using var http = await CallerAsync();
        using var prometheus = new HttpClient { BaseAddress = topology.Prometheus };
        await topology.Monitor.UntilAsync(async () => await ValueAsync(prometheus, """count(up{job=~"silo|apihost"} == 1)""") == "5", "Prometheus does not see three silos and two ApiHosts");
        await topology.Monitor.UntilAsync(
            async () =>
            {
                await http.GetStringAsync(new Uri("/rpc/calculator/a/Multiply?a=7&b=8", UriKind.Relative));
                return await ValueAsync(prometheus, "namespace:rpc_errors:ratio_rate5m") == "0" && await ValueAsync(prometheus, "sum(namespace_method:rpc_calls:rate5m) > bool 0") == "1";
            },
            "The recording rules give nothing");

        // What .NET itself counts, and rules and dashboards ask for.
        var names = JsonNode.Parse(await prometheus.GetStringAsync(new Uri("/api/v1/label/__name__/values", UriKind.Relative)))!["data"]!.AsArray().Select(n => n!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(names, PrometheusTests.Queries().SelectMany(Promql.Metrics).Where(m => m.StartsWith("dotnet_", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal));

        var groups = JsonNode.Parse(await prometheus.GetStringAsync(new Uri("/api/v1/rules", UriKind.Relative)))!["data"]!["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray()).ToList();
        Assert.NotEmpty(groups);
        Assert.All(groups, rule => Assert.True(rule!["health"]!.GetValue<string>() != "err", rule.ToJsonString()));
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<string> ReadEventAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal)) return line;
        }

        return "The stream has ended.";
    }

    private static async Task<string?> ValueAsync(HttpClient prometheus, string query)
    {
        var answer = JsonNode.Parse(await prometheus.GetStringAsync(new Uri("/api/v1/query?query=" + Uri.EscapeDataString(query), UriKind.Relative)))!;
        return answer["data"]!["result"]!.AsArray().FirstOrDefault()?["value"]![1]!.GetValue<string>();
    }

    private async Task<HttpClient> CallerAsync()
    {
        var http = new HttpClient { BaseAddress = topology.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await topology.TokenAsync());
        return http;
    }
}
