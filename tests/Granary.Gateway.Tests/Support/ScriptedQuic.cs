using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Tests.Support;

/// <summary>A transport of QUIC as Kestrel sees one, without a network: what it is bound to, how its handshakes would go, and a connection over which requests can be made.</summary>
internal sealed class ScriptedQuic : IMultiplexedConnectionListenerFactory
{
    private readonly List<(IPEndPoint EndPoint, TlsConnectionCallbackOptions Tls, Listener Listener)> _bound = [];

    /// <summary>Why it binds nothing; null when it does.</summary>
    public string? Problem { get; init; }

    public IReadOnlyList<IPEndPoint> Bound => [.. _bound.Select(b => b.EndPoint)];

    public ValueTask<IMultiplexedConnectionListener> BindAsync(EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        if (Problem is { } problem) throw new IOException(problem);

        // As the real one: without this it binds nothing.
        var tls = features?.Get<TlsConnectionCallbackOptions>() ?? throw new InvalidOperationException("HTTP/3 without TLS");
        var listener = new Listener(endpoint);
        _bound.Add(((IPEndPoint)endpoint, tls, listener));
        return ValueTask.FromResult<IMultiplexedConnectionListener>(listener);
    }

    /// <summary>What a handshake with the caller is done with.</summary>
    public async Task<SslServerAuthenticationOptions> HandshakeAsync(IPEndPoint caller)
    {
        var tls = _bound.Single().Tls;
        Assert.Equal([SslApplicationProtocol.Http3], tls.ApplicationProtocols);
        return await tls.OnConnection(new TlsConnectionCallbackContext { Connection = new Connection(caller), ClientHelloInfo = default, State = null }, CancellationToken.None);
    }

    /// <summary>A connection whose handshake is done.</summary>
    public Connection Connect(IPEndPoint caller)
    {
        var connection = new Connection(caller) { LocalEndPoint = _bound.Single().EndPoint };
        _bound.Single().Listener.Arrives(connection);
        return connection;
    }

    private sealed class Listener(EndPoint endpoint) : IMultiplexedConnectionListener
    {
        private readonly Channel<MultiplexedConnectionContext> _arrived = Channel.CreateUnbounded<MultiplexedConnectionContext>();

        public EndPoint EndPoint => endpoint;

        public void Arrives(Connection connection) => Assert.True(_arrived.Writer.TryWrite(connection));

        public async ValueTask<MultiplexedConnectionContext?> AcceptAsync(IFeatureCollection? features = null, CancellationToken cancellationToken = default) =>
            await _arrived.Reader.WaitToReadAsync(cancellationToken) && _arrived.Reader.TryRead(out var next) ? next : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _arrived.Writer.TryComplete();
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    /// <summary>One connection: streams that the caller opens, and those that the server opens for itself, which nobody reads.</summary>
    internal sealed class Connection : MultiplexedConnectionContext, IProtocolErrorCodeFeature, ITlsConnectionFeature
    {
        private readonly Channel<ConnectionContext> _opened = Channel.CreateUnbounded<ConnectionContext>();
        private readonly CancellationTokenSource _closed = new();
        private long _theirs = -4, _ours = -1;

        internal Connection(IPEndPoint caller)
        {
            RemoteEndPoint = caller;
            ConnectionClosed = _closed.Token;
            Features.Set<IProtocolErrorCodeFeature>(this);
            Features.Set<ITlsConnectionFeature>(this);
        }

        public override string ConnectionId { get; set; } = "caller";

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public long Error { get; set; }

        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

        /// <summary>Makes a request (RFC 9114, 4.1) and reads its answer.</summary>
        /// <param name="method">One of the table of RFC 9204, appendix A: 17 is GET, 20 POST.</param>
        /// <param name="path">The path.</param>
        /// <param name="authorization">The header; null for none.</param>
        /// <param name="json">The body; null for none.</param>
        /// <returns>The block of headers as it came, and the body.</returns>
        public async Task<(byte[] Headers, string Body)> RequestAsync(byte method, string path, string? authorization = null, string? json = null)
        {
            var stream = new Stream(Interlocked.Add(ref _theirs, 4), canRead: true, canWrite: true, this);
            Assert.True(_opened.Writer.TryWrite(stream));
            List<byte> headers = [0, 0, (byte)(0xC0 | method), 0xC0 | 23 /* :scheme https */];
            Literal(headers, 0, "localhost");
            Literal(headers, 1, path);
            if (authorization is not null) Literal(headers, 84, authorization);
            if (json is not null) headers.Add(0xC0 | 46 /* content-type: application/json */);
            List<byte> request = [.. Frame(1, [.. headers]), .. json is null ? [] : Frame(0, Encoding.UTF8.GetBytes(json))];
            await stream.Caller.Output.WriteAsync(request.ToArray());
            await stream.Caller.Output.CompleteAsync();
            using var answer = new MemoryStream();
            await stream.Caller.Input.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(60));
            return Read(answer.ToArray());
        }

        public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _opened.Reader.WaitToReadAsync(cancellationToken) && _opened.Reader.TryRead(out var next) ? next : null;

        public override ValueTask<ConnectionContext> ConnectAsync(IFeatureCollection? features = null, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<ConnectionContext>(new Stream(Interlocked.Add(ref _ours, 4), canRead: false, canWrite: true, this));

        public override void Abort() => Abort(new ConnectionAbortedException());

        public override void Abort(ConnectionAbortedException abortReason)
        {
            _opened.Writer.TryComplete();
            _closed.Cancel();
        }

        public override ValueTask DisposeAsync()
        {
            Abort();
            return default;
        }

        // RFC 9204, 4.5.4: a literal field line with a name of the static table.
        private static void Literal(List<byte> to, int name, string value)
        {
            Prefixed(to, 0x50, 4, name);
            Prefixed(to, 0, 7, value.Length);
            to.AddRange(Encoding.ASCII.GetBytes(value));
        }

        // RFC 7541, 5.1.
        private static void Prefixed(List<byte> to, byte pattern, int bits, int value)
        {
            var most = (1 << bits) - 1;
            to.Add((byte)(pattern | Math.Min(value, most)));
            for (value -= most; value >= 0; value = value >= 128 ? value >> 7 : -1) to.Add((byte)(value >= 128 ? 0x80 | (value & 0x7F) : value));
        }

        // RFC 9000, 16: two bytes are enough here.
        private static byte[] Frame(byte type, byte[] payload) => [type, (byte)(0x40 | (payload.Length >> 8)), (byte)payload.Length, .. payload];

        private static (byte[] Headers, string Body) Read(ReadOnlySpan<byte> answer)
        {
            byte[] headers = [];
            var body = new List<byte>();
            while (answer.Length > 0)
            {
                var type = Number(ref answer);
                var length = (int)Number(ref answer);
                if (type == 1 && headers.Length == 0) headers = answer[..length].ToArray();
                else if (type == 0) body.AddRange(answer[..length]);
                answer = answer[length..];
            }

            return (headers, Encoding.UTF8.GetString([.. body]));
        }

        private static long Number(ref ReadOnlySpan<byte> from)
        {
            var length = 1 << (from[0] >> 6);
            long number = from[0] & 0x3F;
            for (var i = 1; i < length; i++) number = (number << 8) | from[i];
            from = from[length..];
            return number;
        }
    }

    private sealed class Stream : ConnectionContext, IStreamIdFeature, IStreamDirectionFeature, IStreamAbortFeature, IStreamClosedFeature, IProtocolErrorCodeFeature, IPersistentStateFeature
    {
        private readonly Pipe _request = new(), _answer = new();

        internal Stream(long id, bool canRead, bool canWrite, Connection connection)
        {
            (StreamId, CanRead, CanWrite) = (id, canRead, canWrite);
            Transport = new Duplex(_request.Reader, _answer.Writer);
            Caller = new Duplex(_answer.Reader, _request.Writer);
            (LocalEndPoint, RemoteEndPoint, ConnectionClosed) = (connection.LocalEndPoint, connection.RemoteEndPoint, connection.ConnectionClosed);
            foreach (var feature in (Type[])[typeof(IStreamIdFeature), typeof(IStreamDirectionFeature), typeof(IStreamAbortFeature), typeof(IStreamClosedFeature), typeof(IProtocolErrorCodeFeature), typeof(IPersistentStateFeature)])
                Features[feature] = this;
            Features.Set<ITlsConnectionFeature>(connection);
        }

        public IDuplexPipe Caller { get; }

        public override IDuplexPipe Transport { get; set; }

        public override string ConnectionId { get; set; } = "stream";

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public long StreamId { get; }

        public bool CanRead { get; }

        public bool CanWrite { get; }

        public long Error { get; set; }

        public IDictionary<object, object?> State { get; } = new ConcurrentDictionary<object, object?>();

        public void AbortRead(long errorCode, ConnectionAbortedException abortReason) => _request.Writer.Complete(abortReason);

        public void AbortWrite(long errorCode, ConnectionAbortedException abortReason) => _answer.Writer.Complete(abortReason);

        public void OnClosed(Action<object?> callback, object? state)
        {
            // Nobody closes it before its end.
        }

        private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
