using System.Net;
using System.Net.Sockets;

namespace Granary.Client.Endpoints;

/// <summary>The endpoints there are, from the list or from DNS, and the pick among them. Thread-safe.</summary>
internal sealed class EndpointSet : IDisposable
{
    private readonly Uri[] _addresses;
    private readonly GranaryClientOptions _options;
    private readonly TimeProvider _time;
    private readonly Balancer _balancer;
    private readonly Func<Uri, IPEndPoint?, Endpoint> _make;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private Endpoint[] _endpoints = [];
    private Task? _resolving;
    private long _resolvedAt;

    public EndpointSet(GranaryClientOptions options, TimeProvider time, Func<Uri, IPEndPoint?, Endpoint> make, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _options = options;
        _time = time;
        _make = make;
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
        _balancer = Balancer.Of(options.Balancing);
        _addresses = [.. options.Endpoints.Select(e => new Uri(e))];
        if (!options.ResolveNames) _endpoints = [.. _addresses.Select(a => make(a, null))];
    }

    public IReadOnlyList<Endpoint> All => Volatile.Read(ref _endpoints);

    /// <summary>
    /// An endpoint for the next attempt: a healthy one that is not <paramref name="tried"/>, else a healthy one, else any: when all seem gone, the next call finds out.
    /// </summary>
    /// <exception cref="SocketException">Names do not resolve, and never have.</exception>
    public async ValueTask<Endpoint> PickAsync(Endpoint? tried, CancellationToken cancellation)
    {
        if (_options.ResolveNames) await ResolveWhenDueAsync(cancellation);
        var all = Volatile.Read(ref _endpoints);
        return _balancer.Pick(all, e => e.IsAvailable && e != tried)
            ?? _balancer.Pick(all, static e => e.IsAvailable)
            ?? _balancer.Pick(all, e => e != tried)
            ?? _balancer.Pick(all, static _ => true)
            ?? throw new SocketException((int)SocketError.HostNotFound);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_closing.IsCancellationRequested) return;
            _closing.Cancel();
        }

        foreach (var endpoint in Volatile.Read(ref _endpoints)) endpoint.Dispose();
    }

    private ValueTask ResolveWhenDueAsync(CancellationToken cancellation)
    {
        Task resolving;
        bool mustWait;
        lock (_lock)
        {
            mustWait = _endpoints.Length == 0;
            if (!mustWait && _time.GetElapsedTime(_resolvedAt) < _options.NameRefresh) return default;
            if (_resolving is not { IsCompleted: false }) _resolving = ResolveAsync();
            resolving = _resolving;
        }

        // Only the first calls wait; later ones go to those known while DNS is asked.
        return mustWait ? new ValueTask(resolving.WaitAsync(cancellation)) : default;
    }

    private async Task ResolveAsync()
    {
        var wanted = new List<(Uri Address, IPEndPoint Machine)>();
        try
        {
            foreach (var address in _addresses)
            {
                var machines = IPAddress.TryParse(address.DnsSafeHost, out var literal) ? [literal] : await _resolve(address.DnsSafeHost, _closing.Token);
                wanted.AddRange(machines.Select(m => (address, new IPEndPoint(m, address.Port))));
            }
        }
        catch (SocketException) when (All.Count > 0)
        {
            // DNS is away for the moment: those known stay, and it is asked again when due.
            _resolvedAt = _time.GetTimestamp();
            return;
        }

        lock (_lock)
        {
            _resolvedAt = _time.GetTimestamp();
            if (_closing.IsCancellationRequested) return;
            var old = _endpoints;
            var now = wanted.Distinct().Select(w => old.FirstOrDefault(e => e.Address == w.Address && w.Machine.Equals(e.Machine)) ?? _make(w.Address, w.Machine)).ToArray();
            Volatile.Write(ref _endpoints, now);
            foreach (var gone in old.Except(now)) Retire(gone);
        }
    }

    /// <summary>Calls under way on an address that DNS no longer has may end; then its connections close.</summary>
    private void Retire(Endpoint endpoint)
    {
        if (endpoint.Active == 0)
        {
            endpoint.Dispose();
            return;
        }

        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                if (endpoint.Active > 0 && !_closing.IsCancellationRequested) return;
                endpoint.Dispose();
                timer?.Dispose();
            },
            null,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1));
    }
}
