using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Discovery;

/// <summary>Counts those who wait for a change, so that they cannot take all there is of this host. Thread-safe.</summary>
internal sealed class DiscoveryWatches(IOptions<DiscoveryOptions> options)
{
    private int _count;

    /// <summary>How many wait now.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Takes a place, until the result is disposed.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.ResourceExhausted"/>: there is none.</exception>
    internal IDisposable Enter()
    {
        if (Interlocked.Increment(ref _count) <= options.Value.MaximumWatches) return new Place(this);
        Interlocked.Decrement(ref _count);
        throw new RpcException(StatusCode.ResourceExhausted, $"{options.Value.MaximumWatches} callers wait for a change already; ask without wait, or later") { RetryAfter = TimeSpan.FromSeconds(5) };
    }

    private sealed class Place(DiscoveryWatches watches) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) Interlocked.Decrement(ref watches._count);
        }
    }
}
