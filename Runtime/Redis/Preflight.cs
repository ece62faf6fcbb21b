using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Granary.Hosting;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>
/// Asks a server, over a short connection of its own, whether it lets us in and which version it is, before the client connects: the client would only say, some seconds later, that it could not. Not over TLS where the
/// client's own rules for certificates apply, which cannot be seen from here.
/// </summary>
internal static class Preflight
{
    /// <summary>More than any server says about itself.</summary>
    private const int MaxReply = 64 * 1024;

    /// <summary>How long a server may take until it has let us in.</summary>
    internal static TimeSpan Patience(ConfigurationOptions configuration) => TimeSpan.FromMilliseconds(Math.Max(configuration.ConnectTimeout, 250));

    /// <exception cref="RedisRequestException">None of the servers lets us in; the reason is that of the last one.</exception>
    internal static async Task CheckAsync(ConfigurationOptions configuration, TimeProvider time)
    {
        if (configuration.Ssl && configuration.User is null) return;
        var timeout = Patience(configuration);
        RedisRequestException? failure = null;
        foreach (var endpoint in configuration.EndPoints)
        {
            try
            {
                using var limit = new CancellationTokenSource(timeout, time);
                await CheckAsync(endpoint, configuration, limit.Token).ConfigureAwait(false);
                return;
            }
            catch (RedisRequestException error)
            {
                failure = error;
            }
            catch (AuthenticationException error)
            {
                failure = RedisErrors.Explain(error, RedisErrors.Describe([endpoint]), timeout, configuration.User);
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or InvalidDataException)
            {
                var reason = error is OperationCanceledException ? new TimeoutException("It did not answer in time.") : error;
                failure = new RedisRequestException(
                    RedisProblem.Unreachable,
                    $"Redis at {RedisErrors.Describe([endpoint])} cannot be reached: {(reason is TimeoutException ? $"no answer within {timeout.TotalSeconds:0.#} s." : reason.Message)} Check that it runs, that the address in the connection string is right, and ssl=true if it wants TLS.",
                    reason);
            }
        }

        if (failure is not null) throw failure;
    }

    private static async Task CheckAsync(EndPoint endpoint, ConfigurationOptions configuration, CancellationToken cancellation)
    {
        await using var stream = await Login.OpenAsync(endpoint, configuration, cancellation).ConfigureAwait(false);
        var login = Login.Command(configuration);
        byte[] request = [.. login ?? [], .. Login.Command("PING"), .. Login.Command("INFO", "server")];
        await stream.WriteAsync(request, cancellation).ConfigureAwait(false);

        var reply = new Reply(stream);
        var server = RedisErrors.Describe([endpoint]);
        if (login is not null) Require(await reply.ReadAsync(cancellation).ConfigureAwait(false), server, configuration.User);
        Require(await reply.ReadAsync(cancellation).ConfigureAwait(false), server, configuration.User);
        var info = await reply.ReadAsync(cancellation).ConfigureAwait(false);
        if (System.Version.TryParse(Line(info, "redis_version"), out var version) && version < RedisRequestException.OldestVersion) throw RedisErrors.TooOld(server, version.ToString());
        if (configuration.User is { } user && Line(info, "redis_mode") is "cluster")
        {
            // Its nodes name each other by addresses that the client would log in to without us.
            throw new RedisRequestException(
                RedisProblem.Other,
                $"Redis at {server} is a Redis Cluster, and user={user} cannot be sent there with the client of this build. Give the permissions to the user default and write password=.. alone; or make the client with CreateMultiplexer.");
        }
    }

    /// <summary>What INFO says about something; empty where it says nothing.</summary>
    internal static string Line(string info, string name)
    {
        foreach (var line in info.AsSpan().EnumerateLines())
        {
            if (line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.Ordinal)) return line[(name.Length + 1)..].Trim().ToString();
        }

        return "";
    }

    /// <summary>A password that is given to a server that asks for none is no reason to stay out; that a command is not permitted, neither.</summary>
    private static void Require(string reply, string server, string? user)
    {
        if (!reply.StartsWith('-')) return;
        var said = reply[1..];
        if (said.StartsWith("NOPERM", StringComparison.Ordinal) || said.Contains("no password is set", StringComparison.Ordinal) || said.Contains("without any password configured", StringComparison.Ordinal)) return;
        throw RedisErrors.Explain(new InvalidOperationException(said), server, TimeSpan.Zero, user);
    }

    /// <summary>Reads simple strings, errors and bulk strings, which is all that the questions are answered with.</summary>
    private sealed class Reply(Stream stream)
    {
        private readonly byte[] _buffer = new byte[MaxReply];
        private int _start;
        private int _end;

        internal async Task<string> ReadAsync(CancellationToken cancellation)
        {
            int length;
            while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0) await FillAsync(cancellation).ConfigureAwait(false);
            var line = Encoding.UTF8.GetString(_buffer, _start, length);
            _start += length + 2;
            if (line.Length == 0 || line[0] is not ('+' or '-' or '$')) throw new InvalidDataException("What answers there is not Redis.");
            if (line[0] != '$') return line;
            if (!Utf8Parser.TryParse(Encoding.ASCII.GetBytes(line[1..]), out int size, out _) || size > MaxReply - 2) throw new InvalidDataException("What answers there is not Redis.");
            if (size < 0) return "";
            while (_end - _start < size + 2) await FillAsync(cancellation).ConfigureAwait(false);
            var text = Encoding.UTF8.GetString(_buffer, _start, size);
            _start += size + 2;
            return text;
        }

        private async Task FillAsync(CancellationToken cancellation)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }

            if (_end == _buffer.Length) throw new InvalidDataException("What answers there is not Redis.");
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (read == 0) throw new IOException("It closed the connection.");
            _end += read;
        }
    }
}
