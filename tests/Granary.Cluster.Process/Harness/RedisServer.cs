using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Granary.Cluster.Harness;

/// <summary>A redis-server of our own. It can be killed and started again on the same port, with or without its data.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _name;
    private readonly ClusterNode _node;
    private readonly bool _isDurable;
    private readonly IReadOnlyList<string> _arguments;
    private readonly string _folder;
    private ChildProcess? _process;

    private RedisServer(string name, ClusterNode node, int port, bool isDurable, IReadOnlyList<string> arguments)
    {
        _name = name;
        _node = node;
        _isDurable = isDurable;
        _arguments = arguments;
        _folder = Directory.CreateTempSubdirectory("granary-redis-").FullName;
        EndPoint = new IPEndPoint(node.Listen, port);
        Reaper.AtEnd($"rm -rf '{_folder}'");
    }

    internal IPEndPoint EndPoint { get; }

    internal int ProcessId => _process!.Id;

    /// <summary>For StackExchange.Redis. Connections are tried for as long as it takes, each attempt briefly: a server that is away is to be found again quickly.</summary>
    internal string Connection => $"{EndPoint},abortConnect=false,connectTimeout=2000,connectRetry=1";

    /// <param name="name">For messages.</param>
    /// <param name="node">Where it runs.</param>
    /// <param name="isDurable">Whether what it has acknowledged survives its process.</param>
    /// <param name="arguments">Further arguments.</param>
    internal static async Task<RedisServer> StartAsync(string name, ClusterNode node, bool isDurable, params IReadOnlyList<string> arguments)
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = new RedisServer(name, node, FreePort.Next(node.HasOwnPorts ? IPAddress.Any : node.Listen), isDurable, arguments);
            try
            {
                await server.StartAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // Another process was faster at that port.
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Starts it again where it was.</summary>
    internal async Task StartAsync()
    {
        _process = ChildProcess.Start(_name, [.. _node.Prefix, .. Command()]);
        await Until.TrueAsync(
            async () => _process.HasExited ? throw new InvalidOperationException($"redis-server ended.\n{_process.Tail()}") : await AnswersAsync(),
            s_patience,
            $"{_name} answers at {EndPoint}");
    }

    /// <summary>As if the machine had lost it: no farewell to its clients, nothing written any more.</summary>
    internal async Task KillAsync()
    {
        _process!.Signal(Harness.Signal.Kill);
        await _process.DisposeAsync();
    }

    /// <summary>Removes what it had stored. Only while it does not run.</summary>
    internal void Forget()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.CreateDirectory(_folder);
    }

    internal void Signal(Signal signal) => _process!.Signal(signal);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string[] Command() =>
    [
        "redis-server",
        "--port", EndPoint.Port.ToString(CultureInfo.InvariantCulture),
        "--bind", EndPoint.Address.ToString(),
        "--protected-mode", "no",
        "--dir", _folder,
        "--save", "",
        "--appendonly", _isDurable ? "yes" : "no",
        "--appendfsync", "everysec",
        "--daemonize", "no",
        .. _arguments,
    ];

    /// <summary>Asks by hand: a client library would remember the server's absence.</summary>
    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            using var client = new TcpClient();
            await client.ConnectAsync(EndPoint, patience.Token);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray(), patience.Token);
            var answer = new byte[64];
            var length = await client.GetStream().ReadAsync(answer, patience.Token);
            return Encoding.ASCII.GetString(answer, 0, length).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }
}
