using System.IO.Pipelines;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Framing;

/// <summary>
/// Reads the messages of a caller's stream into the items of the request while the call runs. It reads no further than the grain has taken, which holds the caller back.
/// </summary>
internal sealed class FramedItems(PipeReader body, FrameRules rules, MessageFormat format, RpcRequestItems items, LimitOptions limits, CancellationToken cancellation)
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private Task _reading = Task.CompletedTask;
    private volatile bool _stopped;

    /// <summary>What was wrong with the stream, if anything was. The grain sees it as the end of its stream, and may have hidden it.</summary>
    public RpcException? Error { get; private set; }

    /// <summary>Begins to read after the first message, which the request was made of.</summary>
    public void Start() => _reading = ReadAsync();

    /// <summary>There was no other message than the first.</summary>
    public void End() => items.Complete();

    /// <summary>Ends the reading; afterwards the body is no longer touched.</summary>
    public async ValueTask StopAsync()
    {
        _stopped = true;
        items.Complete();
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        var number = 1;
        try
        {
            while (!_stopped)
            {
                var read = await body.ReadAsync(_stop.Token);
                var rest = read.Buffer;
                var wanted = true;
                try
                {
                    while (wanted && rules.TryTake(ref rest, read.IsCompleted, out var frame))
                    {
                        number++;
                        wanted = await items.WaitForSpaceAsync(_stop.Token);
                        if (wanted) Add(frame, number);
                    }
                }
                finally
                {
                    body.AdvanceTo(rest.Start, rest.End);
                }

                if (read.IsCompleted || !wanted) break;
            }

            items.Complete();
        }
        catch (Exception exception)
        {
            // After the call has ended nobody is interested in why its body could not be read on.
            if (!_stopped) Error = Explain(exception, number);

            // Frames that are none are no internal error of the grain's, which would be looked into.
            items.Complete(Error is { Code: StatusCode.Internal } ? new RpcException(StatusCode.Cancelled, "the caller's stream broke off") : Error);
        }
    }

    private void Add(in Frame frame, int number)
    {
        using var message = rules.Open(frame);
        if (!format.TryAddItem(message.Bytes, items, limits)) throw new RpcException(StatusCode.InvalidArgument, $"message {number} of the stream has no item");
    }

    private static RpcException Explain(Exception exception, int number) => exception switch
    {
        JsonFieldException field => new RpcException(StatusCode.InvalidArgument, $"message {number}: {field.Message}", exception)
        {
            Violations = [new FieldViolation($"[{number}]{(field.Path.Length == 0 ? "" : ".")}{field.Path}", field.Problem)],
        },
        WireFormatException wire => new RpcException(StatusCode.InvalidArgument, $"message {number}: {wire.Message}", exception),
        RpcException rpc => rpc,
        OperationCanceledException => RpcStatus.ToRpcException(exception),
        _ => FramedCall.BrokenOff(exception),
    };
}
