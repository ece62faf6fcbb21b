using System.Collections.Concurrent;
using Granary.Engine.Activations;
using Granary.Engine.Directory;
using Granary.Engine.Membership;
using Granary.Engine.Placement;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Routing;

/// <summary>Where a grain is or will be. <see cref="IsNew"/>: it was placed just now and the silo must activate it.</summary>
internal readonly record struct GrainLocation(SiloAddress? Silo, bool IsNew);

/// <summary>
/// Knows where grains are: a bounded cache of locations learnt from answers, each grain's home by rendezvous hashing over the active silos, and, on silos, the directory and placement.
/// A cached location may be wrong; it is corrected by the answer of the silo asked. Thread-safe.
/// </summary>
internal sealed class GrainLocator(ProcessCore process, IGrainDirectory? directory, bool isLocal)
{
    /// <summary>Locations remembered; when there are more, an arbitrary part is forgotten.</summary>
    private const int MaxCached = 200_000;

    private readonly ConcurrentDictionary<GrainId, SiloAddress> _cache = new();
    private int _cached;

    /// <summary>Whether this process is all there is: no directory, no home, no placement.</summary>
    internal bool IsLocal { get; } = isLocal;

    /// <summary>How many locations are remembered.</summary>
    internal int CachedCount => Volatile.Read(ref _cached);

    internal SiloAddress? Cached(GrainId grainId) => _cache.GetValueOrDefault(grainId);

    internal void Remember(GrainId grainId, SiloAddress silo)
    {
        if (!_cache.TryAdd(grainId, silo))
        {
            _cache[grainId] = silo;
            return;
        }

        if (Interlocked.Increment(ref _cached) > MaxCached) Trim();
    }

    internal void Forget(GrainId grainId, SiloAddress silo)
    {
        if (_cache.TryRemove(KeyValuePair.Create(grainId, silo))) Interlocked.Decrement(ref _cached);
    }

    /// <summary>A silo is gone: so are the locations on it.</summary>
    internal void ForgetSilo(SiloAddress silo)
    {
        foreach (var pair in _cache)
        {
            if (pair.Value.Equals(silo) && _cache.TryRemove(pair)) Interlocked.Decrement(ref _cached);
        }
    }

    /// <summary>The silo that looks the grain up or places it: highest random weight over the active silos, so that all agree and few grains change home when silos come or go.</summary>
    internal SiloAddress? Home(GrainId grainId) => HomeAmongOthers(grainId, null);

    internal SiloAddress? HomeAmongOthers(GrainId grainId, SiloAddress? except) => HighestWeight(grainId, process.View.Active.AsSpan(), except);

    /// <summary>The silo with the highest weight for a grain: each grain ranks the silos in its own order, the same everywhere.</summary>
    internal static SiloAddress? HighestWeight(GrainId grainId, ReadOnlySpan<SiloEntry> silos, SiloAddress? except = null)
    {
        var grain = grainId.GetUniformHashCode();
        SiloAddress? best = null;
        var most = 0UL;
        foreach (var silo in silos)
        {
            if (except is not null && silo.Address.Equals(except)) continue;
            var weight = Mix(((ulong)(uint)silo.Address.GetConsistentHashCode() << 32) | grain);
            if (best is not null && weight <= most) continue;
            best = silo.Address;
            most = weight;
        }

        return best;
    }

    /// <summary>At the home silo: the grain's owner by the directory, or a silo chosen by placement. Waits for a directory that cannot be reached as long as the call may.</summary>
    /// <param name="request">The grain, and what placement looks at.</param>
    /// <param name="deadline">The call's, in milliseconds of <see cref="Environment.TickCount64"/>.</param>
    /// <exception cref="DirectoryUnavailableException">The directory was out of reach until then.</exception>
    internal async ValueTask<GrainLocation> ResolveAsync(PlacementRequest request, long deadline)
    {
        GrainAddress? entry;
        for (var waits = new DirectoryWaits(Bound(deadline)); ;)
        {
            try
            {
                entry = await directory!.Lookup(request.GrainId);
                break;
            }
            catch (DirectoryUnavailableException) when (waits.MayWait)
            {
            }

            await waits.WaitAsync();
        }

        if (entry?.SiloAddress is { } owner && process.View.IsAlive(owner)) return new GrainLocation(owner, IsNew: false);
        return new GrainLocation(await process.Placement.ChooseAsync(request), IsNew: true);
    }

    /// <summary>The silo a grain is registered in, if that silo is alive; without placing it.</summary>
    internal async ValueTask<SiloAddress?> FindAsync(GrainId grainId) =>
        await directory!.Lookup(grainId) is { SiloAddress: { } owner } && process.View.IsAlive(owner) ? owner : null;

    /// <summary>
    /// Registers an activation of this silo; gives the owner, which is another silo when that was first. A directory that cannot be reached is asked again: the answer says whether an attempt before it
    /// has registered the activation after all.
    /// </summary>
    /// <exception cref="DirectoryUnavailableException">The directory was out of reach for the time that calls wait by default.</exception>
    /// <exception cref="SiloUnavailableException">This silo may not register anything any more.</exception>
    internal async ValueTask<SiloAddress?> RegisterAsync(Activation activation)
    {
        var address = activation.Address;
        var previous = activation.ExtrasOrNull?.Arrival?.From;
        // The entry of a silo that is gone is overwritten; a bounded number of rivals may do the same.
        var rivals = 8;
        for (var waits = new DirectoryWaits(Bound(long.MaxValue)); ;)
        {
            process.Fence.Guard();
            try
            {
                var registered = await directory!.Register(address, previous);
                if (registered?.SiloAddress is not { } owner || owner.Equals(address.SiloAddress) || process.View.IsAlive(owner) || rivals-- == 0) return registered?.SiloAddress;
                previous = registered;
                continue;
            }
            catch (DirectoryUnavailableException) when (waits.MayWait)
            {
            }

            await waits.WaitAsync();
        }
    }

    /// <summary>Takes an activation of this silo out of the directory. Out of reach, the entry stays: calls come here by it, and find or make an activation.</summary>
    internal async ValueTask UnregisterAsync(Activation activation)
    {
        if (process.Fence.IsPassed(Environment.TickCount64)) return;
        try
        {
            await directory!.Unregister(activation.Address);
        }
        catch (DirectoryUnavailableException)
        {
            process.Log.NotUnregistered(activation.GrainId);
        }
    }

    private long Bound(long deadline) => Math.Min(deadline, Environment.TickCount64 + (long)process.ResponseTimeout.TotalMilliseconds);

    private static ulong Mix(ulong value)
    {
        // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }

    private void Trim()
    {
        foreach (var pair in _cache)
        {
            if (Volatile.Read(ref _cached) <= MaxCached * 3 / 4) return;
            if (_cache.TryRemove(pair)) Interlocked.Decrement(ref _cached);
        }
    }

    /// <summary>The waits between attempts to reach the directory.</summary>
    private struct DirectoryWaits(long deadline)
    {
        private Backoff _backoff = new(20, 1_000);

        internal readonly bool MayWait => Environment.TickCount64 < deadline;

        // Deadlines are in real time, and so is this.
        internal Task WaitAsync()
        {
            var wait = Math.Min((long)_backoff.Next().TotalMilliseconds, Math.Max(1, deadline - Environment.TickCount64));
            return Task.Delay(TimeSpan.FromMilliseconds(wait), TimeProvider.System);
        }
    }
}
