using Granary.Engine.Hosting;

namespace Granary.Benchmarks.Cluster;

/// <summary>This program started again as a silo. It says its address, is told the addresses of others line by line, and stops when its input ends.</summary>
internal sealed class SiloProcess : IDisposable
{
    internal const string Role = "--silo";

    private readonly ChildProcess _process;

    private SiloProcess(ChildProcess process, SiloAddress address)
    {
        _process = process;
        Address = address;
    }

    internal SiloAddress Address { get; }

    internal static async Task<SiloProcess> StartAsync()
    {
        var process = ChildProcess.Self(Role);
        var line = await process.Output.ReadLineAsync();
        return line is null
            ? throw new CannotMeasureException($"the second silo did not start:\n{process.Errors}")
            : new SiloProcess(process, SiloAddress.FromParsableString(line));
    }

    /// <summary>Tells it of another silo, and waits until it knows.</summary>
    internal async Task MeetAsync(SiloAddress peer)
    {
        await _process.Input.WriteLineAsync(peer.ToParsableString());
        await _process.Input.FlushAsync();
        if (await _process.Output.ReadLineAsync() is null) throw new CannotMeasureException($"the second silo ended:\n{_process.Errors}");
    }

    public void Dispose() => _process.Dispose();

    /// <summary>What the child does.</summary>
    internal static async Task RunAsync()
    {
        await using var silo = await ClusterSilo.StartAsync(new InMemoryCluster(isShared: true));
        Console.WriteLine(silo.Address.ToParsableString());
        while (await ParentInput.LineAsync() is { } peer)
        {
            await silo.MeetAsync(SiloAddress.FromParsableString(peer));
            Console.WriteLine(peer);
        }
    }
}
