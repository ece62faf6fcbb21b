using System.IO.Pipelines;

namespace Granary.Gateway.Framing;

/// <summary>Reading of requests' bodies.</summary>
internal static class BodyReading
{
    /// <summary>
    /// Reads, and stops when the call is cancelled. The body is left as it was then: a read that a token cancels is still under way for Kestrel, which finds that out when it drains the body, and writes an error to the log.
    /// </summary>
    /// <exception cref="OperationCanceledException">The call was cancelled.</exception>
    public static async ValueTask<ReadResult> ReadOrStopAsync(this PipeReader reader, CancellationToken cancellation)
    {
        await using var stop = cancellation.UnsafeRegister(static r => ((PipeReader)r!).CancelPendingRead(), reader);
        var read = await reader.ReadAsync(CancellationToken.None);
        if (!read.IsCanceled) return read;
        reader.AdvanceTo(read.Buffer.Start);
        throw new OperationCanceledException(cancellation);
    }
}
