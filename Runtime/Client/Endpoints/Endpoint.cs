using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Granary.Client.Endpoints;

/// <summary>
/// One address that calls may go to: its connections, and whether it is in use. Thread-safe.
/// <code>
///   available --(cannot be reached, or a connection breaks)--> left out --(backoff)--> probe --(well)--> available
///                                                                 ^-------(not well, backoff doubled)-------'
/// </code>
/// </summary>
internal sealed class Endpoint : IDisposable
{
    private readonly HttpMessageInvoker[] _connections;
    private readonly HealthOptions _health;
    private readonly TimeProvider _time;
    private readonly Func<Endpoint, CancellationToken, Task<bool>> _probe;
    private readonly Action<Endpoint, bool> _changed;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private ITimer? _timer;
    private int _failures;
    private int _turn;
    private int _active;
    private volatile bool _isAvailable = true;

    /// <param name="address">What requests name.</param>
    /// <param name="machine">What is connected to; null for what the address's name leads to.</param>
    /// <param name="options">The client's options.</param>
    /// <param name="time">The clock of backoffs.</param>
    /// <param name="probe">Asks whether it is well.</param>
    /// <param name="changed">Is told when it is left out (false) or comes back (true).</param>
    public Endpoint(Uri address, IPEndPoint? machine, GranaryClientOptions options, TimeProvider time, Func<Endpoint, CancellationToken, Task<bool>> probe, Action<Endpoint, bool> changed)
    {
        Address = address;
        Machine = machine;
        _health = options.Health;
        _time = time;
        _probe = probe;
        _changed = changed;
        _connections = [.. Enumerable.Range(0, options.ConnectionsPerEndpoint).Select(_ => new HttpMessageInvoker(Handler(machine, options)))];
    }

    public Uri Address { get; }

    public IPEndPoint? Machine { get; }

    public bool IsAvailable => _isAvailable;

    /// <summary>Calls of this client under way.</summary>
    public int Active => Volatile.Read(ref _active);

    public override string ToString() => Machine is null ? Address.GetLeftPart(UriPartial.Authority) : $"{Address.GetLeftPart(UriPartial.Authority)} at {Machine}";

    /// <summary>Sends a request over one of the connections; completes with the response's head.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        _connections[_connections.Length == 1 ? 0 : (int)((uint)Interlocked.Increment(ref _turn) % (uint)_connections.Length)].SendAsync(request, cancellation);

    public void Begin() => Interlocked.Increment(ref _active);

    public void End() => Interlocked.Decrement(ref _active);

    /// <summary>It could not be reached, or its connection broke. What is left out already stays so: calls in flight on one broken connection all say this.</summary>
    public void Fail()
    {
        lock (_lock)
        {
            if (!_isAvailable || _closing.IsCancellationRequested) return;
            _isAvailable = false;
            ScheduleProbe();
        }

        _changed(this, false);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_closing.IsCancellationRequested) return;
            _closing.Cancel();
            _timer?.Dispose();
        }

        foreach (var connection in _connections) connection.Dispose();
    }

    private static SocketsHttpHandler Handler(IPEndPoint? machine, GranaryClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,

            // A peer that is gone without a word is noticed while calls wait for it.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 64,
        };
        if (options.ConfigureTls is { } configure)
        {
            var tls = new SslClientAuthenticationOptions();
            configure(tls);
            handler.SslOptions = tls;
        }

        if (machine is not null) handler.ConnectCallback = (_, cancellation) => ConnectAsync(machine, cancellation);
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(IPEndPoint machine, CancellationToken cancellation)
    {
        var socket = new Socket(machine.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(machine, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>With the lock.</summary>
    private void ScheduleProbe()
    {
        var most = Math.Min(_health.MaximumBackoff.Ticks, _health.FirstBackoff.Ticks << Math.Min(_failures++, 20));
        var wait = TimeSpan.FromTicks((long)(most * (0.5 + (Random.Shared.NextDouble() / 2))));
        _timer?.Dispose();
        _timer = _time.CreateTimer(static state => _ = ((Endpoint)state!).ProbeAsync(), this, wait, Timeout.InfiniteTimeSpan);
    }

    private async Task ProbeAsync()
    {
        bool isWell;
        try
        {
            using var limit = new CancellationTokenSource(_health.ProbeTimeout, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
            isWell = await _probe(this, both.Token);
        }
        catch (Exception)
        {
            // However it fails, it is not well.
            isWell = false;
        }

        lock (_lock)
        {
            if (_closing.IsCancellationRequested) return;
            if (!isWell)
            {
                ScheduleProbe();
                return;
            }

            _failures = 0;
            _isAvailable = true;
        }

        _changed(this, true);
    }
}
