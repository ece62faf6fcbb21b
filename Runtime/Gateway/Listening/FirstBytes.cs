using System.Buffers;
using System.IO.Pipelines;

namespace Granary.Gateway.Listening;

/// <summary>Tells HTTP/2 with prior knowledge (RFC 9113, 3.3 and 3.4) from anything else by the first bytes of a connection, which stay unread.</summary>
internal static class FirstBytes
{
    // Of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" as much as no request of HTTP/1 begins with: the method PRI is reserved.
    private static ReadOnlySpan<byte> Preface => "PRI "u8;

    /// <summary>Waits for as many bytes as it takes to decide, 4 at most.</summary>
    /// <returns>Whether they begin the preface of HTTP/2. False too for a connection that ended before it could be told.</returns>
    public static async ValueTask<bool> AreHttp2Async(PipeReader input, CancellationToken cancellation)
    {
        long seen = 0;
        while (true)
        {
            var read = await input.ReadAsync(cancellation);
            var bytes = read.Buffer;
            var isPrefix = IsPrefix(bytes);
            if (isPrefix && bytes.Length < Preface.Length && !read.IsCompleted && !read.IsCanceled)
            {
                seen = bytes.Length;
                input.AdvanceTo(bytes.Start, bytes.End);
                continue;
            }

            // Everything counts as not looked at but what already did, so that the next reader gets it at once.
            input.AdvanceTo(bytes.Start, bytes.GetPosition(Math.Min(seen, bytes.Length)));
            return isPrefix && bytes.Length >= Preface.Length;
        }
    }

    // Whether the bytes are the preface as far as they go.
    private static bool IsPrefix(in ReadOnlySequence<byte> bytes)
    {
        Span<byte> first = stackalloc byte[4];
        var length = (int)Math.Min(bytes.Length, first.Length);
        bytes.Slice(0, length).CopyTo(first);
        return Preface.StartsWith(first[..length]);
    }
}
