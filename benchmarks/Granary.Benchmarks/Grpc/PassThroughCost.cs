using Granary.Benchmarks.Cluster;
using Granary.Benchmarks.Http;
using Granary.Codec;

namespace Granary.Benchmarks.Grpc;

/// <summary>What a gateway saves that passes messages to the grain's silo as they are: two ApiHosts in front of one silo, one of which reads and writes every message, loaded in turns.</summary>
internal sealed class PassThroughCost : IBenchmark
{
    private const int Readings = 1000;
    private const string Path = "/granary.samples.v1.Devices/Ingest";

    public string Name => "pass-through";

    public string About => $"gRPC calls with {Readings} readings through an ApiHost in front of a silo, messages passed on or decoded, by h2load";

    public async Task RunAsync(Session session)
    {
        using var redis = await RedisServer.StartAsync();
        using var silo = ChildProcess.Host(
            "Silo",
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["Granary__Redis__ConnectionString"] = redis.ConnectionString,
                ["Granary__Cluster__SiloPort"] = $"{ChildProcess.FreePort()}",
                ["Granary__Cluster__GatewayPort"] = "0",
            },
            "--urls",
            $"http://127.0.0.1:{ChildProcess.FreePort()}");
        KeyValuePair<string, string>[] client = [new("ASPNETCORE_ENVIRONMENT", "Development"), new("Granary__Mode", "Client"), new("Granary__Redis__ConnectionString", redis.ConnectionString)];
        using var passing = ApiHostProcess.Start(client);
        using var decoding = ApiHostProcess.Start([.. client, new("Granary__PassThrough", "false")]);
        await passing.FirstAnswerAsync();
        await decoding.FirstAnswerAsync();

        var body = Message();
        ApiHostProcess[] hosts = [passing, decoding];
        foreach (var host in hosts) await GrpcCalls.CheckAsync(host.Process, host.Port, Path, body, Headers(host), 1);
        var turns = new HostsInTurns(hosts, (host, time) => LoadAsync(host, body, time));
        await turns.WarmUpAsync(TimeSpan.FromSeconds(session.Quick ? 2 : 5));
        for (var i = 0; i < session.Rounds; i++) await turns.RoundAsync(TimeSpan.FromSeconds(session.Quick ? 1 : 3));
        var (rate, cost) = (turns.Rate(1).Value, turns.Processor(1).Value);
        session.Add(Name, $"calls with {body.Length / 1024} KB, passed on", turns.Rate(0), new Peer("decoded", rate, rate, SameRun: true));
        session.Add(Name, "the gateway's cpu time each", turns.Processor(0), new Peer("decoded", cost, cost, SameRun: true));
    }

    private static Task<LoadResult> LoadAsync(ApiHostProcess host, byte[] body, TimeSpan time) =>
        H2Load.RunAsync(host.Port, Path, body, Headers(host), time, streams: 2);

    private static string[] Headers(ApiHostProcess host) => ["content-type: application/grpc", "te: trailers", $"authorization: Bearer {host.Token}"];

    /// <summary>One batch of readings; sent again, it is a duplicate, which costs the grain as good as nothing.</summary>
    private static byte[] Message()
    {
        var writer = new WireWriter(new byte[256]);
        for (var i = 1; i <= Readings; i++)
        {
            var start = writer.BeginMessage((2 << 3) | 2);
            writer.WriteTag(1 << 3);
            writer.WriteInt64(i);
            var at = writer.BeginMessage((2 << 3) | 2);
            writer.WriteTag(1 << 3);
            writer.WriteInt64(1_700_000_000 + i);
            writer.EndMessage(at);
            writer.WriteTag((3 << 3) | 1);
            writer.WriteDouble(20 + (i % 10));
            writer.EndMessage(start);
        }

        byte[] frame = [0, 0, 0, 0, 0, .. writer.Written];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), writer.Position);
        return frame;
    }
}
