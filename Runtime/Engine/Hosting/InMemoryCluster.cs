using System.Collections.Concurrent;
using Granary.Engine.Directory;
using Granary.Engine.Membership;

namespace Granary.Engine.Hosting;

/// <summary>What silos have in common when no database holds it: one silo's own, or shared by the silos of a test cluster. Thread-safe.</summary>
/// <param name="isShared">Whether there may be several silos.</param>
internal sealed class InMemoryCluster(bool isShared)
{
    private readonly ConcurrentDictionary<(Type, string), Lazy<object>> _stores = new();

    /// <summary>Whether there may be several silos, so that grains are registered and placed.</summary>
    internal bool IsShared { get; } = isShared;

    internal InMemoryMembershipTable Membership { get; } = new();

    internal InMemoryGrainDirectory Directory { get; } = new();

    /// <summary>The store of that type and name; made by whoever asks first.</summary>
    internal T Store<T>(string name, Func<T> create)
        where T : class => (T)_stores.GetOrAdd((typeof(T), name), _ => new Lazy<object>(create)).Value;
}
