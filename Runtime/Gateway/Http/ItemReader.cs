using System.Buffers;
using System.IO.Pipelines;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>
/// Reads the lines of a request's body into the items of a stream while the call runs. It reads no further than the grain has taken, which holds the caller back.
/// </summary>
internal sealed class ItemReader(PipeReader body, RpcRequestItems items, GatewayOptions options, CancellationToken cancellation)
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private Task _reading = Task.CompletedTask;
    private volatile bool _stopped;

    /// <summary>What was wrong with the body, if anything was. The grain sees it as the end of its stream, and may have hidden it.</summary>
    public RpcException? Error { get; private set; }

    public void Start() => _reading = ReadAsync();

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
        var line = 0;
        try
        {
            while (!_stopped)
            {
                var read = await body.ReadAsync(_stop.Token);
                var rest = read.Buffer;
                var wanted = true;
                try
                {
                    while (wanted && TryTakeLine(ref rest, read.IsCompleted, out var text))
                    {
                        line++;
                        if (text.Length > options.Limits.BodyBytes) throw TooLarge();
                        if (IsBlank(text)) continue;
                        wanted = await items.WaitForSpaceAsync(_stop.Token);
                        if (wanted) JsonArguments.ReadItem(text, items, options.Limits.JsonDepth);
                    }

                    if (rest.Length > options.Limits.BodyBytes)
                    {
                        line++;
                        throw TooLarge();
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
            if (!_stopped) Error = Explain(exception, line);
            items.Complete(Error);
        }
    }

    /// <summary>Why an item of a stream could not be taken, with its number.</summary>
    internal static RpcException Explain(Exception exception, int line) => exception switch
    {
        JsonFieldException field => new RpcException(StatusCode.InvalidArgument, $"item {line}: {field.Message}", exception)
        {
            Violations = [new FieldViolation($"[{line}]{(field.Path.Length == 0 ? "" : ".")}{field.Path}", field.Problem)],
        },
        RpcException rpc => new RpcException(rpc.Code, $"item {line}: {rpc.Message}", exception) { Violations = [new FieldViolation($"[{line}]", rpc.Message)] },
        OperationCanceledException => RpcStatus.ToRpcException(exception),
        _ => new RpcException(StatusCode.Cancelled, "the request's body broke off", exception),
    };

    private RpcException TooLarge() => new(StatusCode.ResourceExhausted, $"longer than {options.Limits.BodyBytes} bytes");

    // A last line needs no line feed after it.
    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
    {
        line = rest;
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        if (!isLast || rest.IsEmpty) return false;
        rest = rest.Slice(rest.End);
        return true;
    }

    private static bool IsBlank(in ReadOnlySequence<byte> line)
    {
        foreach (var segment in line)
        {
            if (segment.Span.ContainsAnyExcept(" \t\r"u8)) return false;
        }

        return true;
    }
}
