using System.Buffers;
using Granary.Codec;

namespace Granary.Rpc;

/// <summary>
/// The caller's side of a stream: the buffer, what fills it, and the source that another process pulls from. The buffer has one consumer: a <see cref="LocalEnumerator{T}"/>
/// in this process, or the pulls of a <see cref="PullingEnumerator{T}"/> in another.
/// </summary>
internal sealed class LocalStream<T>(StreamPump<T>? pump, TimeProvider? time = null) : IRpcStreamSource
{
    // Enough to make a frame worth its while, and small beside the limits on a message.
    private const int BatchBytes = 64 * 1024;

    // Well within the response timeout of any engine.
    internal static readonly TimeSpan LongestPull = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private int _pulling;

    public RpcStreamBuffer<T> Buffer { get; } = new();

    /// <summary>Begins to fill the buffer, when it is not the caller who does. Called by the consumer, before it waits.</summary>
    public void Start() => pump?.Start(Buffer);

    /// <summary>Nobody reads any more: stops what fills the buffer.</summary>
    public void Abandon()
    {
        if (Buffer.Abandon()) pump?.Stop();
    }

    public async Task<RpcBatch> Pull(int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        if (Interlocked.Exchange(ref _pulling, 1) != 0) throw new InvalidOperationException("A stream is pulled by one reader, one pull at a time.");
        try
        {
            Start();
            if (!Buffer.IsReady) await WaitAsync();
            return Take(max);
        }
        finally
        {
            Volatile.Write(ref _pulling, 0);
        }
    }

    public Task Cancel()
    {
        Abandon();
        return Task.CompletedTask;
    }

    private async Task WaitAsync()
    {
        using var patience = new CancellationTokenSource(LongestPull, _time);
        try
        {
            await Buffer.WaitForItemAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The empty batch that now goes out says that this side is alive.
        }
    }

    private RpcBatch Take(int max)
    {
        var codec = RpcItemCodec<T>.Instance;
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(1024));
        try
        {
            var count = 0;
            while (count < max && writer.Position < BatchBytes && Buffer.TryTake(out var item))
            {
                var start = writer.BeginMessage();
                codec.Write(ref writer, item);
                writer.EndMessage(start);
                count++;
            }

            // Ended means that nothing is left either, so what was taken above is the rest.
            var ended = Buffer.Ended;
            var error = ended ? Buffer.Error : null;
            return new RpcBatch
            {
                Items = writer.Written.ToArray(),
                Count = count,
                Completed = ended,
                Error = error is null ? null : RpcErrorCodec.Encode(RpcStatus.ToRpcException(error)),
            };
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }
}
