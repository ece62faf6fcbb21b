using System.Collections.Concurrent;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Directory;

/// <summary>The grain directory of the silos of one process that share this object. Registration is a compare-and-set; the entry of a silo that is gone is overwritten.</summary>
public sealed class InMemoryGrainDirectory : IGrainDirectory
{
    private readonly ConcurrentDictionary<GrainId, GrainAddress> _entries = new();

    public Task<GrainAddress?> Register(GrainAddress address) => Register(address, null);

    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress)
    {
        while (true)
        {
            var current = _entries.GetOrAdd(address.GrainId, address);
            if (ReferenceEquals(current, address) || current.SiloAddress!.Equals(address.SiloAddress)) return Task.FromResult<GrainAddress?>(current);
            if (previousAddress is null || !current.SiloAddress.Equals(previousAddress.SiloAddress)) return Task.FromResult<GrainAddress?>(current);
            if (_entries.TryUpdate(address.GrainId, address, current)) return Task.FromResult<GrainAddress?>(address);
        }
    }

    public Task Unregister(GrainAddress address)
    {
        if (_entries.TryGetValue(address.GrainId, out var current) && current.SiloAddress!.Equals(address.SiloAddress))
        {
            _entries.TryRemove(KeyValuePair.Create(address.GrainId, current));
        }

        return Task.CompletedTask;
    }

    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult(_entries.GetValueOrDefault(grainId));

    public Task UnregisterSilos(List<SiloAddress> siloAddresses)
    {
        foreach (var pair in _entries)
        {
            if (siloAddresses.Contains(pair.Value.SiloAddress!)) _entries.TryRemove(pair);
        }

        return Task.CompletedTask;
    }
}
