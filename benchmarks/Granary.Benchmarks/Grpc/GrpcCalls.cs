using System.Net;
using System.Net.Http.Headers;
using Granary.Benchmarks.Http;
using Granary.Codec;

namespace Granary.Benchmarks.Grpc;

/// <summary>
/// Calls of a co-hosted grain by gRPC, everything on, beside a bare Kestrel that echoes the same bytes over HTTP/2 and a server of another make that does the same work, loaded in turns; and the same call by the other protocols.
/// </summary>
internal sealed class GrpcCalls : IBenchmark
{
    private const string Service = "/granary.samples.v1.Calculator/";
    private const int Messages = 1000;

    public string Name => "grpc";

    public string About => $"gRPC unary and {Messages}-message streams through ApiHost (JWT, limits, telemetry), bare Kestrel and @grpc/grpc-js, by h2load";

    public async Task RunAsync(Session session)
    {
        using var host = ApiHostProcess.Start();
        await host.FirstAnswerAsync();
        var barePort = ChildProcess.FreePort();
        using var bare = ChildProcess.Self(BareHttp2.Role, $"{barePort}");
        using var node = NodeServer.Start();
        var multiply = Frame(w => Factors(w));
        var stream = Enumerable.Range(0, Messages).SelectMany(i => Frame(w => Item(w, i == 0, i))).ToArray();
        // The same request to all; only ours looks at the token.
        string[] headers = ["content-type: application/grpc", "te: trailers", $"authorization: Bearer {host.Token}"];
        string[] json = ["content-type: application/json", $"authorization: Bearer {host.Token}"];
        await CheckAsync(host.Process, host.Port, Service + "Multiply", multiply, headers, 1);
        await CheckAsync(host.Process, host.Port, Service + "RunningSum", stream, headers, Messages);
        await CheckAsync(bare, barePort, Service + "Multiply", multiply, headers, 1);
        await CheckAsync(node.Process, node.Port, Service + "Multiply", multiply, headers, 1);
        await CheckAsync(node.Process, node.Port, Service + "RunningSum", stream, headers, Messages);

        Side[] unary =
        [
            new("ours", host.Process, host.Port, Service + "Multiply", multiply, headers),
            new("bare Kestrel echo", bare, barePort, "/", multiply, headers),
            new("grpc-js", node.Process, node.Port, Service + "Multiply", multiply, headers),
            new("HTTP/JSON", host.Process, host.Port, ApiHostProcess.Path, """{"a":7,"b":8}"""u8.ToArray(), json),
            new("JSON-RPC", host.Process, host.Port, "/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"calculator.Multiply","params":{"key":"bench","a":7,"b":8}}"""u8.ToArray(), json),
            new("Connect", host.Process, host.Port, Service + "Multiply", """{"key":"bench","a":7,"b":8}"""u8.ToArray(), json),
        ];
        await MeasureAsync(session, "unary", unary, H2Load.Streams, 1);
        Side[] streams =
        [
            new("ours", host.Process, host.Port, Service + "RunningSum", stream, headers),
            new("bare Kestrel echo", bare, barePort, "/", stream, headers),
            new("grpc-js", node.Process, node.Port, Service + "RunningSum", stream, headers),
        ];
        await MeasureAsync(session, $"{Messages} messages there and back, messages", streams, 2, Messages);
    }

    private async Task MeasureAsync(Session session, string what, Side[] sides, int streams, int messages)
    {
        var round = TimeSpan.FromSeconds(session.Quick ? 1 : 3);
        foreach (var side in sides) await H2Load.RunAsync(side.Port, side.Path, side.Body, side.Headers, TimeSpan.FromSeconds(session.Quick ? 2 : 5), streams);
        var (rates, processor) = (sides.Select(_ => new List<double>()).ToArray(), sides.Select(_ => new List<double>()).ToArray());
        List<double> loops = [];
        for (var i = 0; i < session.Rounds; i++)
        {
            loops.Add(CpuLoop.Run());
            for (var s = 0; s < sides.Length; s++)
            {
                var side = sides[s];
                var before = side.Process.ProcessorTime;
                var load = await H2Load.RunAsync(side.Port, side.Path, side.Body, side.Headers, round, streams);
                rates[s].Add(load.RequestsPerSecond * messages);
                processor[s].Add((side.Process.ProcessorTime - before).TotalMicroseconds / load.Requests / messages);
            }
        }

        var rate = rates.Select(r => Measurement.Sum(Unit.PerSecond, [.. r], [], [.. loops])).ToArray();
        var cost = processor.Select(r => Measurement.Sum(Unit.Microseconds, [.. r], [], [.. loops])).ToArray();
        for (var s = 1; s < sides.Length; s++)
        {
            var peer = sides[s].Name;
            session.Add(Name, $"gRPC, {what}", rate[0], new Peer(peer, rate[s].Value, rate[s].Value, SameRun: true), s == 1 && messages == 1 ? new Budget(0.6, OnRatio: true) : null);
            session.Add(Name, "the same, the server's cpu time each", cost[0], new Peer(peer, cost[s].Value, cost[s].Value, SameRun: true));
        }
    }

    /// <summary>Makes the call once by itself: the load generator looks at statuses only.</summary>
    internal static async Task CheckAsync(ChildProcess process, int port, string path, byte[] body, string[] headers, int messages)
    {
        using var client = new HttpClient(new SocketsHttpHandler()) { Timeout = Until.OneAsk };
        await Until.AnswersAsync(process, async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/grpc");
            foreach (var header in headers.Skip(1)) request.Headers.Add(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..]);
            using var answer = await client.SendAsync(request);
            var bytes = await answer.Content.ReadAsByteArrayAsync();
            var status = answer.TrailingHeaders.TryGetValues("grpc-status", out var values) ? values.Single() : answer.Headers.TryGetValues("grpc-status", out values) ? values.Single() : "0";
            if (status != "0" || bytes.Length < messages * 5) throw new CannotMeasureException($"{path} on port {port} ended with grpc-status {status} and {bytes.Length} bytes.");
            return true;
        });
    }

    private static void Factors(Buffer message)
    {
        message.Text(1, "bench");
        message.Double(2, 7);
        message.Double(3, 8);
    }

    // The first message of a stream says which grain, and has an item too.
    private static void Item(Buffer message, bool isFirst, int i)
    {
        if (isFirst) message.Text(1, "bench");
        message.Double(2, i + 1);
    }

    private static byte[] Frame(Action<Buffer> write)
    {
        var message = new Buffer();
        write(message);
        return [0, 0, 0, 0, (byte)message.Bytes.Length, .. message.Bytes];
    }

    private readonly record struct Side(string Name, ChildProcess Process, int Port, string Path, byte[] Body, string[] Headers);

    /// <summary>A short message.</summary>
    private sealed class Buffer
    {
        private readonly List<byte> _bytes = [];

        internal byte[] Bytes => [.. _bytes];

        internal void Text(int number, string text) => Write(number, 2, (ref WireWriter w) => w.WriteString(text));

        internal void Double(int number, double value) => Write(number, 1, (ref WireWriter w) => w.WriteDouble(value));

        private void Write(int number, int wire, Value write)
        {
            var writer = new WireWriter(new byte[128]);
            writer.WriteTag((uint)((number << 3) | wire));
            write(ref writer);
            _bytes.AddRange(writer.Written);
        }

        private delegate void Value(ref WireWriter writer);
    }
}
