using Granary.Engine.Directory;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>A directory that can be out of reach, before or after it has done what it was asked.</summary>
internal sealed class FaultyDirectory(IGrainDirectory inner) : IGrainDirectory
{
    private int _failures;
    private TaskCompletionSource? _hold;

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

    public async Task<GrainAddress?> Lookup(GrainId grainId)
    {
        var found = await Do(() => inner.Lookup(grainId));
        if (Interlocked.Exchange(ref _hold, null) is { } hold) await hold.Task;
        return found;
    }

    /// <summary>The next look-up's answer comes only when what is given has ended.</summary>
    internal void HoldNext(TaskCompletionSource until) => Volatile.Write(ref _hold, until);

    /// <summary>Whether that look-up has not come yet.</summary>
    internal bool IsHolding => Volatile.Read(ref _hold) is not null;

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
