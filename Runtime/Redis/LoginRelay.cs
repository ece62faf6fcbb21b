using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>
/// Logs the client in as an ACL user, whose name it cannot send: listens on the loopback address, connects to one server for each connection that begins with the token this process alone knows, logs in there, and then copies
/// bytes both ways. Holds two buffers of <see cref="BufferBytes"/> a connection and never more.
/// </summary>
/// <remarks>
/// <code>
///   1  client -> relay   AUTH token        anything else, or nothing in time: closed
///   2  relay  -> server  TLS, AUTH user password
///   3  server -> client  its answer        refused: closed
///   4  bytes both ways until one side ends; the other may then finish what it is saying, for s_farewell
/// </code>
/// </remarks>
internal sealed class LoginRelay : IDisposable
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Connections that have not shown the token yet. Our own clients open a few.</summary>
    private const int MaxStrangers = 64;

    /// <summary>More than Redis says to AUTH.</summary>
    private const int MaxAnswerBytes = 4096;

    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly EndPoint _server;
    private readonly ConfigurationOptions _configuration;
    private readonly byte[] _opening;
    private readonly byte[] _login;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _end = new();
    private int _strangers;

    /// <param name="server">Where to log in.</param>
    /// <param name="configuration">How: user, password, TLS. Not changed afterwards.</param>
    /// <param name="token">What our own client sends as its password.</param>
    /// <param name="time">The clock.</param>
    internal LoginRelay(EndPoint server, ConfigurationOptions configuration, string token, TimeProvider time)
    {
        _server = server;
        _configuration = configuration;
        _opening = Login.Command("AUTH", token);
        _login = Login.Command(configuration) ?? throw new ArgumentException("There is nothing to log in with.", nameof(configuration));
        _patience = Preflight.Patience(configuration);
        _time = time;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = (IPEndPoint)_listener.LocalEndPoint!;
        _ = AcceptAsync(_end.Token);
    }

    /// <summary>Where the client connects.</summary>
    internal IPEndPoint Address { get; }

    /// <summary>Listens no more and ends its connections.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(end).ConfigureAwait(false);
                if (Interlocked.Increment(ref _strangers) <= MaxStrangers)
                {
                    _ = ServeAsync(socket, end);
                }
                else
                {
                    Interlocked.Decrement(ref _strangers);
                    socket.Dispose();
                }
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the client has gone already.
                await Task.Delay(s_pauseAfterFailure, _time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken end)
    {
        var isStranger = true;
        try
        {
            socket.NoDelay = true;
            await using var client = new NetworkStream(socket, ownsSocket: true);
            using var patience = new CancellationTokenSource(_patience, _time);
            using var opening = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, end);
            if (!await IsOursAsync(client, opening.Token).ConfigureAwait(false)) return;
            isStranger = false;
            Interlocked.Decrement(ref _strangers);
            await using var server = await Login.OpenAsync(_server, _configuration, opening.Token).ConfigureAwait(false);
            if (await LogInAsync(server, client, opening.Token).ConfigureAwait(false)) await CopyBothWaysAsync(client, server, end).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The connection ends, which is how the client learns that there is none to the server. It tries again, and says why it cannot.
        }
        finally
        {
            if (isStranger) Interlocked.Decrement(ref _strangers);
        }
    }

    private async Task<bool> IsOursAsync(NetworkStream client, CancellationToken cancellation)
    {
        var seen = new byte[_opening.Length];
        await client.ReadExactlyAsync(seen, cancellation).ConfigureAwait(false);
        return CryptographicOperations.FixedTimeEquals(seen, _opening);
    }

    /// <summary>Whether the server lets us in; the client has its answer in any case.</summary>
    private async Task<bool> LogInAsync(Stream server, NetworkStream client, CancellationToken cancellation)
    {
        await server.WriteAsync(_login, cancellation).ConfigureAwait(false);
        var answer = new byte[MaxAnswerBytes];
        var length = 0;
        do
        {
            var read = length == answer.Length ? 0 : await server.ReadAsync(answer.AsMemory(length), cancellation).ConfigureAwait(false);
            if (read == 0) return false;
            length += read;
        }
        while (answer[length - 1] != '\n');
        await client.WriteAsync(answer.AsMemory(0, length), cancellation).ConfigureAwait(false);
        return answer[0] == '+';
    }

    private async Task CopyBothWaysAsync(NetworkStream client, Stream server, CancellationToken end)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(end);
        var asking = CopyAsync(client, server, over.Token);
        var answering = CopyAsync(server, client, over.Token);
        var first = await Task.WhenAny(asking, answering).ConfigureAwait(false);
        if (first.IsCompletedSuccessfully)
        {
            using var farewell = new CancellationTokenSource(s_farewell, _time);
            await using var _ = farewell.Token.Register(static over => ((CancellationTokenSource)over!).Cancel(), over).ConfigureAwait(false);
            await FinishAsync(first == asking ? server : client).ConfigureAwait(false);
            await Task.WhenAll(asking, answering).ConfigureAwait(false);
        }

        await over.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(asking, answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken over)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, over).ConfigureAwait(false)) > 0) await to.WriteAsync(buffer.AsMemory(0, read), over).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Tells that nothing more will be sent; what the other side still has to say can be read.</summary>
    private static async Task FinishAsync(Stream stream)
    {
        if (stream is SslStream secure) await secure.ShutdownAsync().ConfigureAwait(false);
        else ((NetworkStream)stream).Socket.Shutdown(SocketShutdown.Send);
    }
}
