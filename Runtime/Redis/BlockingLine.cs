using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Granary.Hosting;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>
/// One more connection to a server, whose only user is a thread of its own that sends, waits and receives. It needs no thread of the pool, so user code that keeps them all busy does not delay it: the renewal of leases goes
/// this way. What is awaited goes on on that thread; keep it short. Thread-safe.
/// </summary>
/// <remarks>It connects when first asked. After a failure it rests, for <see cref="s_shortestRest"/> at first and twice as long each time, up to <see cref="s_longestRest"/>; then it goes to the next of the servers.</remarks>
internal sealed class BlockingLine : IDisposable
{
    private const int MaxWaiting = 8;
    private const int MaxReplyBytes = 16 * 1024 * 1024;
    private const int MaxDepth = 4;

    private static readonly TimeSpan s_shortestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestRest = TimeSpan.FromSeconds(30);

    private readonly ConfigurationOptions _configuration;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly BlockingCollection<Request> _requests = new(MaxWaiting);
    private readonly Lock _lock = new();
    private Thread? _thread;
    private long? _restsSince;
    private TimeSpan _rest;
    private bool _isDisposed;

    // The thread's own.
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Stream? _stream;
    private Socket? _socket;
    private int _start;
    private int _end;
    private int _replyBytes;
    private int _server;

    /// <param name="configuration">The servers, and how to log in. Not changed afterwards.</param>
    /// <param name="name">What the thread is for.</param>
    /// <param name="time">The clock.</param>
    internal BlockingLine(ConfigurationOptions configuration, string name, TimeProvider time)
    {
        _configuration = configuration;
        _name = name;
        _time = time;
    }

    /// <summary>Whether it is worth a try: it is not resting after a failure, and not full.</summary>
    internal bool IsReady
    {
        get
        {
            lock (_lock) return !_isDisposed && _requests.Count < MaxWaiting && (_restsSince is not { } since || _time.GetElapsedTime(since) >= _rest);
        }
    }

    /// <summary>Runs a script. The answer: long, byte[], null, or an array of these.</summary>
    /// <exception cref="RedisRequestException">It failed: TimedOut when it may have been carried out.</exception>
    /// <param name="script">The script.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="values">Its arguments.</param>
    /// <param name="timeout">How long it may take, from now.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    internal async Task<object?> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, TimeSpan timeout, CancellationToken cancellation)
    {
        var request = new Request(script, [.. keys.Select(static k => (byte[]?)k ?? []), .. values.Select(static v => (byte[]?)v ?? [])], keys.Length, _time.GetTimestamp(), timeout);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_requests.TryAdd(request)) throw new RedisRequestException(RedisProblem.Unreachable, $"Too many requests wait for Redis at {Server}.");
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = _name, Priority = ThreadPriority.AboveNormal };
                _thread.UnsafeStart();
            }
        }

        using var _ = cancellation.UnsafeRegister(static (request, token) => ((Request)request!).Answer.TrySetCanceled(token), request);
        return await request.Answer.Task.ConfigureAwait(false);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _requests.CompleteAdding();
            // Ends what the thread waits for.
            _socket?.Dispose();
        }
    }

    private string Server => RedisErrors.Describe(_configuration.EndPoints);

    private void Run()
    {
        foreach (var request in _requests.GetConsumingEnumerable())
        {
            try
            {
                var answer = Execute(request);
                lock (_lock) (_restsSince, _rest) = (null, TimeSpan.Zero);
                request.Answer.TrySetResult(answer);
            }
            catch (Exception error)
            {
                var explained = Explain(error, request.Timeout);
                lock (_lock)
                {
                    _restsSince = _time.GetTimestamp();
                    _rest = _rest == TimeSpan.Zero ? s_shortestRest : _rest * 2 < s_longestRest ? _rest * 2 : s_longestRest;
                }

                _server++;
                Close();
                request.Answer.TrySetException(explained);
            }
        }

        Close();
        _requests.Dispose();
    }

    private RedisRequestException Explain(Exception error, TimeSpan timeout)
    {
        var isTimeout = error is TimeoutException || (error as SocketException ?? error.InnerException as SocketException) is { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock or SocketError.TryAgain };
        return RedisErrors.Explain(isTimeout ? new TimeoutException(error.Message, error) : error, Server, timeout, _configuration.User);
    }

    private object? Execute(Request request)
    {
        if (_stream is null) Connect(request);
        try
        {
            return Ask(request, Command("EVALSHA"u8, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(request.Script.Hash)), request));
        }
        catch (ServerSaysException said) when (said.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return Ask(request, Command("EVAL"u8, Encoding.UTF8.GetBytes(request.Script.Text), request));
        }
    }

    private void Connect(Request request)
    {
        var endpoint = _configuration.EndPoints[_server % _configuration.EndPoints.Count];
        var address = endpoint is DnsEndPoint dns ? new IPEndPoint(Dns.GetHostAddresses(dns.Host)[0], dns.Port) : endpoint;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false };
        lock (_lock)
        {
            _socket = socket;
            if (_isDisposed) socket.Dispose();
        }

        try
        {
            socket.Connect(address);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!socket.Poll(Left(request), SelectMode.SelectWrite)) throw new TimeoutException($"No connection to {RedisErrors.Describe([endpoint])}.", error);
            if ((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! is var problem and not 0) throw new SocketException(problem);
        }

        socket.Blocking = true;
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (_configuration.Ssl)
        {
            Limit(request);
            var secure = new SslStream(stream);
            secure.AuthenticateAsClient(Login.Tls(endpoint, _configuration));
            stream = secure;
        }

        (_stream, _start, _end) = (stream, 0, 0);
        if (Login.Command(_configuration) is { } login) Ask(request, login);
        if (_configuration.DefaultDatabase is { } database and not 0) Ask(request, Login.Command("SELECT", $"{database}"));
    }

    private void Close()
    {
        _stream?.Dispose();
        _stream = null;
        lock (_lock)
        {
            _socket?.Dispose();
            _socket = null;
        }
    }

    private object? Ask(Request request, byte[] command)
    {
        Limit(request);
        _stream!.Write(command);
        _replyBytes = 0;
        return Read(request, 0);
    }

    private TimeSpan Left(Request request)
    {
        var left = request.Timeout - _time.GetElapsedTime(request.SentAt);
        return left >= TimeSpan.FromMilliseconds(1) ? left : throw new TimeoutException("It did not answer in time.");
    }

    private void Limit(Request request) => _socket!.SendTimeout = _socket.ReceiveTimeout = (int)Left(request).TotalMilliseconds;

    private static byte[] Command(ReadOnlySpan<byte> name, byte[] script, Request request)
    {
        using var command = new MemoryStream();
        command.Write(Encoding.ASCII.GetBytes($"*{request.Arguments.Length + 3}\r\n"));
        Append(command, name);
        Append(command, script);
        Append(command, Encoding.ASCII.GetBytes($"{request.Keys}"));
        foreach (var argument in request.Arguments) Append(command, argument);
        return command.ToArray();
    }

    private static void Append(MemoryStream command, ReadOnlySpan<byte> part)
    {
        command.Write(Encoding.ASCII.GetBytes($"${part.Length}\r\n"));
        command.Write(part);
        command.Write("\r\n"u8);
    }

    private object? Read(Request request, int depth)
    {
        var line = ReadLine(request);
        switch (line[0])
        {
            case '+':
                return Encoding.UTF8.GetBytes(line[1..]);
            case '-':
                // Within a script's answer too: the server has failed.
                throw new ServerSaysException(line[1..]);
            case ':':
                return Number(line);
            case '$':
                var size = Number(line);
                return size < 0 ? null : ReadBytes(request, size);
            case '*' when depth < MaxDepth:
                var count = Number(line);
                if (count < 0) return null;
                var items = new List<object?>();
                for (var i = 0L; i < count; i++) items.Add(Read(request, depth + 1));
                return items.ToArray();
            default:
                throw NotRedis();
        }
    }

    private static long Number(string line) => Utf8Parser.TryParse(Encoding.ASCII.GetBytes(line[1..]), out long number, out var length) && length == line.Length - 1 ? number : throw NotRedis();

    private string ReadLine(Request request)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0) Fill(request);
        if (length == 0) throw NotRedis();
        var line = Encoding.UTF8.GetString(_buffer, _start, length);
        _start += length + 2;
        return line;
    }

    private byte[] ReadBytes(Request request, long size)
    {
        if ((_replyBytes += (int)Math.Min(size, MaxReplyBytes)) >= MaxReplyBytes) throw NotRedis();
        var bytes = new byte[size];
        for (var at = 0; at < bytes.Length;)
        {
            if (_start == _end) Fill(request);
            var part = Math.Min(_end - _start, bytes.Length - at);
            _buffer.AsSpan(_start, part).CopyTo(bytes.AsSpan(at));
            (_start, at) = (_start + part, at + part);
        }

        while (_end - _start < 2) Fill(request);
        _start += 2;
        return bytes;
    }

    private void Fill(Request request)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length) throw NotRedis();
        Limit(request);
        var read = _stream!.Read(_buffer, _end, _buffer.Length - _end);
        if (read == 0) throw new IOException("It closed the connection.");
        _end += read;
    }

    private static InvalidDataException NotRedis() => new("What answers there is not Redis.");

    private sealed record Request(RedisScript Script, byte[][] Arguments, int Keys, long SentAt, TimeSpan Timeout)
    {
        /// <summary>Whoever awaits it goes on on the thread that answers.</summary>
        internal TaskCompletionSource<object?> Answer { get; } = new();
    }

    private sealed class ServerSaysException(string message) : Exception(message);
}
