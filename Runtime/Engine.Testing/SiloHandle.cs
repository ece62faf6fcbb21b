using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>One silo of a test cluster.</summary>
public abstract class SiloHandle : IDisposable, IAsyncDisposable
{
    ~SiloHandle() => Dispose(disposing: false);

    public TestClusterOptions? ClusterOptions { get; set; }

    /// <summary>0 for the first silo, and so on.</summary>
    public short InstanceNumber { get; set; }

    public string Name { get; set; } = "";

    public SiloAddress SiloAddress { get; set; } = SiloAddress.Zero;

    /// <summary>Where clients connect.</summary>
    public SiloAddress GatewayAddress { get; set; } = SiloAddress.Zero;

    /// <summary>Whether it has been started and not been stopped.</summary>
    public abstract bool IsActive { get; }

    /// <summary>Stops the silo: with <paramref name="stopGracefully"/> it drains, without it is as if its process had been killed.</summary>
    public abstract Task StopSiloAsync(bool stopGracefully);

    /// <inheritdoc cref="StopSiloAsync(bool)"/>
    public virtual Task StopSiloAsync(bool stopGracefully, CancellationToken cancellationToken) => StopSiloAsync(stopGracefully).WaitAsync(cancellationToken);

    /// <summary>Stops the silo; once the token is cancelled, without draining any further.</summary>
    public abstract Task StopSiloAsync(CancellationToken ct);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    public abstract ValueTask DisposeAsync();

    public override string ToString() => $"{Name} ({SiloAddress})";

    protected virtual void Dispose(bool disposing)
    {
    }
}
