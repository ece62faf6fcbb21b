using System.Diagnostics;
using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>
/// Each node is a network namespace of Linux with an address of its own; a namespace in the middle routes between them. A link is cut by a rule of the router that loses its packets: neither end is told,
/// as when a cable is pulled. Needs root.
/// </summary>
internal sealed class NamespaceNetwork : IClusterNetwork
{
    // RFC 2544 gives 198.18.0.0/15 to tests of networks. Each test network takes a /24 of it, and each node four addresses of that: the router's end is the first, its own the second.
    private const int Networks = 256;
    private const int Nodes = 63;

    private readonly FileStream _lock;
    private readonly int _number;
    private readonly string _router;
    private readonly List<string> _namespaces = [];
    private int _nodes;

    private NamespaceNetwork(FileStream @lock, int number)
    {
        _lock = @lock;
        _number = number;
        _router = $"granary-{number}";
        Here = new ClusterNode("here", Own(0), Own(0), [], HasOwnPorts: false);
    }

    public string Kind => "network namespaces";

    public ClusterNode Here { get; }

    /// <summary>Whether this process may make namespaces.</summary>
    internal static async Task<bool> IsPossibleAsync()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return false;
        try
        {
            var name = $"granary-try-{Environment.ProcessId}";
            await IpAsync($"netns add {name}");
            await IpAsync($"netns del {name}");
            return true;
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    internal static async Task<NamespaceNetwork> CreateAsync()
    {
        var (held, number) = Take();
        var network = new NamespaceNetwork(held, number);
        var router = network._router;
        // What an earlier run may have left.
        await network.DeleteAllAsync();
        Reaper.AtEnd($"ip netns list | grep -o '^{router}\\(-[0-9]*\\)\\?\\b' | while read -r n; do ip netns del \"$n\"; done");
        await network.CreateNamespaceAsync(router);
        await IpAsync($"netns exec {router} sysctl -q -w net.ipv4.ip_forward=1");
        await IpAsync($"link add gr{number}h type veth peer name gr{number}r0 netns {router}");
        await IpAsync($"addr add {Own(number, 0)}/30 dev gr{number}h");
        await IpAsync($"link set gr{number}h up");
        await network.ConnectRouterAsync(0);
        await IpAsync($"route add 198.18.{number}.0/24 via {Gate(number, 0)}");
        return network;
    }

    public async Task<ClusterNode> AddAsync(string name)
    {
        var node = Interlocked.Increment(ref _nodes);
        if (node >= Nodes) throw new InvalidOperationException($"A test network has at most {Nodes} nodes.");
        var space = $"{_router}-{node}";
        await CreateNamespaceAsync(space);
        await IpAsync($"link add gr{_number}n{node} netns {space} type veth peer name gr{_number}r{node} netns {_router}");
        await IpAsync($"-n {space} addr add {Own(node)}/30 dev gr{_number}n{node}");
        await IpAsync($"-n {space} link set gr{_number}n{node} up");
        await ConnectRouterAsync(node);
        await IpAsync($"-n {space} route add default via {Gate(_number, node)}");
        return new ClusterNode(name, Own(node), Own(node), ["ip", "netns", "exec", space], HasOwnPorts: true);
    }

    public IPEndPoint Route(ClusterNode from, ClusterNode to, int port) => new(to.Address, port);

    public void Occupy(ClusterNode node, int? process, int port)
    {
    }

    public async Task CutAsync(ClusterNode one, ClusterNode other)
    {
        await IpAsync($"-n {_router} rule add from {one.Address} to {other.Address} blackhole");
        await IpAsync($"-n {_router} rule add from {other.Address} to {one.Address} blackhole");
    }

    public async Task HealAsync(ClusterNode one, ClusterNode other)
    {
        await IpAsync($"-n {_router} rule del from {one.Address} to {other.Address} blackhole");
        await IpAsync($"-n {_router} rule del from {other.Address} to {one.Address} blackhole");
    }

    public async ValueTask DisposeAsync()
    {
        await DeleteAllAsync();
        await _lock.DisposeAsync();
    }

    private static IPAddress Own(int network, int node) => new([198, 18, (byte)network, (byte)((node * 4) + 2)]);

    private static IPAddress Gate(int network, int node) => new([198, 18, (byte)network, (byte)((node * 4) + 1)]);

    /// <summary>A network that no other process on this machine uses.</summary>
    private static (FileStream Lock, int Number) Take()
    {
        for (var number = 1; number < Networks; number++)
        {
            try
            {
                return (new FileStream(Path.Combine(Path.GetTempPath(), $"granary-network-{number}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), number);
            }
            catch (IOException)
            {
                // In use.
            }
        }

        throw new InvalidOperationException($"All {Networks} test networks are in use.");
    }

    private static async Task<string> IpAsync(string arguments)
    {
        var info = new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"'ip {arguments}' ended with {process.ExitCode}: {(await errors).Trim()}");
    }

    private IPAddress Own(int node) => Own(_number, node);

    private async Task CreateNamespaceAsync(string name)
    {
        await IpAsync($"netns add {name}");
        lock (_namespaces) _namespaces.Add(name);
        await IpAsync($"-n {name} link set lo up");
    }

    private async Task ConnectRouterAsync(int node)
    {
        await IpAsync($"-n {_router} addr add {Gate(_number, node)}/30 dev gr{_number}r{node}");
        await IpAsync($"-n {_router} link set gr{_number}r{node} up");
    }

    private async Task DeleteAllAsync()
    {
        var mine = (await IpAsync("netns list")).Split('\n').Select(l => l.Split(' ')[0]).Where(n => n == _router || n.StartsWith(_router + "-", StringComparison.Ordinal));
        foreach (var name in mine) await IpAsync($"netns del {name}");

        // The kernel takes a namespace's links away when it gets to it, and their other ends with them.
        for (var tries = 0; (await IpAsync("-o link")).Contains($" gr{_number}h@", StringComparison.Ordinal); tries++)
        {
            if (tries == 500) throw new InvalidOperationException($"The link gr{_number}h of an earlier network does not go away; 'ip link del gr{_number}h' may tell why.");
            await Task.Delay(20);
        }
    }
}
