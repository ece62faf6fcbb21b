using System.Globalization;
using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>A silo as a process of its own.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(45);
    private readonly IClusterNetwork _network;
    private readonly ChildProcess _process;

    private SiloProcess(IClusterNetwork network, ClusterNode node, int port, ChildProcess process)
    {
        (_network, Node, Port, _process) = (network, node, port, process);
        Endpoint = new IPEndPoint(node.Address, port);
        network.Occupy(node, process.Id, port);
    }

    internal string Name => _process.Name;

    internal ClusterNode Node { get; }

    internal int Port { get; }

    internal IPEndPoint Endpoint { get; }

    internal int ProcessId => _process.Id;

    /// <summary>With its generation; known once it is ready.</summary>
    internal string Address { get; private set; } = "";

    internal bool HasExited => _process.HasExited;

    /// <summary>What it writes.</summary>
    internal ChildProcess Process => _process;

    internal static SiloProcess Start(IClusterNetwork network, ClusterNode node, int port, string name, IEnumerable<KeyValuePair<string, string>> settings)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var arguments = settings.Select(s => $"--{s.Key}={s.Value}");
        return new SiloProcess(network, node, port, ChildProcess.Start(name, [.. node.Prefix, dotnet, typeof(SiloProcess).Assembly.Location, Programs.SiloProgram.Role, .. arguments]));
    }

    /// <summary>Waits until it is an active member of the cluster.</summary>
    internal async Task ReadyAsync()
    {
        var line = await _process.LineAsync(l => l.StartsWith(Programs.SiloProgram.Ready, StringComparison.Ordinal), s_patience);
        Address = line[Programs.SiloProgram.Ready.Length..].Trim();
    }

    /// <summary>As if its machine had lost power.</summary>
    internal async Task KillAsync()
    {
        _network.Occupy(Node, null, Port);
        _process.Signal(Signal.Kill);
        await _process.ExitAsync(s_patience);
    }

    /// <summary>Asks it to stop, and waits for it.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> TerminateAsync()
    {
        _process.Signal(Signal.Terminate);
        return await ExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> ExitAsync(TimeSpan? within = null)
    {
        var code = await _process.ExitAsync(within ?? s_patience);
        _network.Occupy(Node, null, Port);
        return code;
    }

    /// <summary>All its threads stand still until <see cref="Continue"/>.</summary>
    internal void Stop() => _process.Signal(Signal.Stop);

    /// <summary>
    /// As <see cref="Stop"/>, at a moment when each of its threads waits for something. A thread that is stopped between a turn's look at the lease and the turn's first line goes on with that line, which no lease can
    /// prevent; stopped like this, there is none, and every turn after the stop is one that a look at the lease has let through.
    /// </summary>
    internal async Task StopWhileItWaitsAsync()
    {
        var deadline = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (true)
        {
            Stop();
            if (_process.WasWaiting()) return;
            Continue();
            if (Environment.TickCount64 > deadline) throw new TimeoutException($"{Name} was never found with all its threads waiting.");
            await Task.Delay(Random.Shared.Next(1, 10));
        }
    }

    internal void Continue() => _process.Signal(Signal.Continue);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Endpoint})");
}
