using System.Collections.Concurrent;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Directory;

/// <summary>
/// The grain directory of the silos of one process that share this object. Registration is a compare-and-set; the entry of a silo that is gone is overwritten.
/// An entry is kept as silo and activation only, some 90 bytes: there is one for each grain.
/// </summary>
public sealed class InMemoryGrainDirectory : IGrainDirectory
{
    private readonly ConcurrentDictionary<GrainId, Entry> _entries = new();

    public Task<GrainAddress?> Register(GrainAddress address) => Register(address, null);

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress)
    {
        var wanted = new Entry(address.SiloAddress!, address.ActivationId);
        while (true)
        {
            var current = _entries.GetOrAdd(address.GrainId, wanted);
            if (current.Silo.Equals(wanted.Silo)) return Task.FromResult<GrainAddress?>(current.Equals(wanted) ? address : current.Address(address.GrainId));
            if (previousAddress is null || !current.Silo.Equals(previousAddress.SiloAddress)) return Task.FromResult<GrainAddress?>(current.Address(address.GrainId));
            if (_entries.TryUpdate(address.GrainId, wanted, current)) return Task.FromResult<GrainAddress?>(address);
        }
    }

    public Task Unregister(GrainAddress address)
    {
        if (_entries.TryGetValue(address.GrainId, out var current) && current.Silo.Equals(address.SiloAddress))
        {
            _entries.TryRemove(KeyValuePair.Create(address.GrainId, current));
        }

        return Task.CompletedTask;
    }

    public Task<GrainAddress?> Lookup(GrainId grainId) =>
        Task.FromResult(_entries.TryGetValue(grainId, out var entry) ? entry.Address(grainId) : null);

    public Task UnregisterSilos(List<SiloAddress> siloAddresses)
    {
        foreach (var pair in _entries)
        {
            if (siloAddresses.Contains(pair.Value.Silo)) _entries.TryRemove(pair);
        }

        return Task.CompletedTask;
    }

    private readonly record struct Entry(SiloAddress Silo, ActivationId Activation)
    {
        internal GrainAddress Address(GrainId grainId) => new() { GrainId = grainId, SiloAddress = Silo, ActivationId = Activation };
    }
}
