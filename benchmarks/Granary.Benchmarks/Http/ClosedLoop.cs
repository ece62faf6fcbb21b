using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Granary.Benchmarks.Http;

/// <summary>A small HTTP/1.1 load generator: each connection writes the same bytes and waits for the answer. It understands answers with a Content-Length and status 200, and nothing else.</summary>
internal static class ClosedLoop
{
    internal static async Task<LoadResult> RunAsync(int port, string path, string body, string? token, int connections, TimeSpan time)
    {
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        var request = Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{authorization}Content-Length: {body.Length}\r\n\r\n{body}");
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var times = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => ConnectionAsync(port, request, end))));
        var took = Stopwatch.GetElapsedTime(start);
        var all = times.SelectMany(t => t).Order().ToArray();
        return new LoadResult(all.Length / took.TotalSeconds, Percentile(all, 0.5), Percentile(all, 0.99), all.Length);
    }

    private static async Task<List<long>> ConnectionAsync(int port, byte[] request, long end)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var buffer = new byte[16 * 1024];
        List<long> times = [];
        while (Stopwatch.GetTimestamp() is var sent && sent < end)
        {
            await socket.SendAsync(request);
            await ReadAnswerAsync(socket, buffer);
            times.Add(Stopwatch.GetTimestamp() - sent);
        }

        return times;
    }

    private static async Task ReadAnswerAsync(Socket socket, byte[] buffer)
    {
        for (var filled = 0; ;)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(filled));
            if (count == 0) throw new InvalidOperationException("The server closed a connection under load.");
            filled += count;
            if (Length(buffer.AsSpan(0, filled)) is { } length && filled >= length) return;
            if (filled == buffer.Length) throw new InvalidOperationException("An answer is longer than this client reads.");
        }
    }

    /// <summary>The length of the answer with its head, or null when the head has not all come.</summary>
    private static int? Length(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0) return null;
        if (!answer.StartsWith("HTTP/1.1 200 "u8)) throw new InvalidOperationException($"The load did not succeed: {Encoding.ASCII.GetString(answer[..answer.IndexOf((byte)'\r')])}");
        var field = answer[..head].IndexOf("\r\nContent-Length: "u8);
        if (field < 0 || !Utf8Parser.TryParse(answer[(field + 18)..], out int body, out _)) throw new InvalidOperationException("An answer has no Content-Length.");
        return head + 4 + body;
    }

    private static double Percentile(long[] sorted, double part) =>
        sorted.Length == 0 ? 0 : Stopwatch.GetElapsedTime(0, sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))]).TotalMicroseconds;
}
