using Granary.Engine.Directory;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>A directory that can be out of reach, before or after it has done what it was asked.</summary>
internal sealed class FaultyDirectory(IGrainDirectory inner) : IGrainDirectory
{
    private int _failures;

    /// <summary>The next so many requests fail.</summary>
    internal int Failures
    {
        get => Volatile.Read(ref _failures);
        set => Volatile.Write(ref _failures, value);
    }

    /// <summary>Whether what fails has been done all the same.</summary>
    internal bool DoesWhatFails { get; set; }

    public Task<GrainAddress?> Register(GrainAddress address) => Do(() => inner.Register(address));

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) => Do(() => inner.Register(address, previousAddress));

    public Task Unregister(GrainAddress address) => inner.Unregister(address);

    public Task<GrainAddress?> Lookup(GrainId grainId) => Do(() => inner.Lookup(grainId));

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => inner.UnregisterSilos(siloAddresses);

    private async Task<GrainAddress?> Do(Func<Task<GrainAddress?>> step)
    {
        if (Interlocked.Decrement(ref _failures) < 0)
        {
            Interlocked.Increment(ref _failures);
            return await step();
        }

        if (DoesWhatFails) await step();
        throw new DirectoryUnavailableException("The test has made the directory fail.");
    }
}
