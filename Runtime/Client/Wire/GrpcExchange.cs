using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Net.Http.Headers;
using Granary.Client.Calls;
using Granary.Client.Endpoints;
using Granary.Rpc;

namespace Granary.Client.Wire;

/// <summary>One request and its answer over HTTP/2: one attempt of a call. Every failure is an <see cref="AttemptException"/>.</summary>
internal sealed class GrpcExchange : IAsyncDisposable
{
    private const string ContentType = "application/grpc";

    private readonly Endpoint _endpoint;
    private readonly HttpRequestMessage _request;
    private readonly GrpcContent _content;
    private readonly CancellationTokenSource _ended;
    private readonly int _mostBytes;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private byte[]? _buffer;
    private bool _isOver;

    private GrpcExchange(Endpoint endpoint, HttpRequestMessage request, GrpcContent content, CancellationTokenSource ended, int mostBytes)
    {
        _endpoint = endpoint;
        _request = request;
        _content = content;
        _ended = ended;
        _mostBytes = mostBytes;
    }

    /// <summary>The answer's head, for metadata.</summary>
    public HttpResponseMessage Response => _response!;

    /// <summary>Sends the request; completes when the answer begins.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="request">The request, but for its content; the exchange's to dispose of.</param>
    /// <param name="content">The content.</param>
    /// <param name="ended">Ends the sending of items; the exchange's to dispose of.</param>
    /// <param name="mostBytes">Bytes of a message of the answer.</param>
    /// <param name="cancellation">Ends it all, as a reset of the stream.</param>
    public static async Task<GrpcExchange> BeginAsync(Endpoint endpoint, HttpRequestMessage request, GrpcContent content, CancellationTokenSource ended, int mostBytes, CancellationToken cancellation)
    {
        var exchange = new GrpcExchange(endpoint, request, content, ended, mostBytes);
        endpoint.Begin();
        try
        {
            request.Content = content;
            exchange._response = await endpoint.SendAsync(request, cancellation);
            exchange.CheckHead();
            exchange._body = await exchange._response.Content.ReadAsStreamAsync(cancellation);
            return exchange;
        }
        catch (Exception error)
        {
            var failure = exchange.Explain(error, cancellation);
            await exchange.DisposeAsync();
            throw failure;
        }
    }

    /// <summary>The next message of the answer, valid until the next read; null after the last one, when the call ended well.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        if (_isOver) return null;
        try
        {
            _buffer ??= ArrayPool<byte>.Shared.Rent(4096);
            var head = await _body!.ReadAtLeastAsync(_buffer.AsMemory(0, GrpcFrame.HeadBytes), GrpcFrame.HeadBytes, throwOnEndOfStream: false, cancellation);
            if (head == 0)
            {
                _isOver = true;
                if (GrpcStatus.Read(GrpcStatus.IsIn(_response!.TrailingHeaders) ? _response.TrailingHeaders : _response.Headers) is { } status) throw new AttemptException(status);
                return null;
            }

            if (head < GrpcFrame.HeadBytes) throw Broken("the answer ended within a message");
            if (_buffer[0] != 0) throw Broken("a message is compressed, which was not asked for");
            var length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(1));
            if (length > (uint)_mostBytes) throw new AttemptException(new RpcException(StatusCode.ResourceExhausted, $"a message of the answer has {length} bytes, and {_mostBytes} are allowed; the client's option ReplyBytes sets that"));
            if (length > (uint)_buffer.Length)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = ArrayPool<byte>.Shared.Rent((int)length);
            }

            var message = _buffer.AsMemory(0, (int)length);
            var there = await _body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellation);
            return there == message.Length ? message : throw Broken("the answer ended within a message");
        }
        catch (Exception error) when (error is not AttemptException)
        {
            throw Explain(error, cancellation);
        }
    }

    /// <summary>The answer's metadata as far as it is there.</summary>
    public void CopyMetadata(ResponseMetadata to)
    {
        if (_response is null) return;
        to.Headers = Copy(_response.Headers);
        if (_isOver) to.Trailers = Copy(_response.TrailingHeaders);
    }

    public ValueTask DisposeAsync()
    {
        // An answer that was not read to its end is given up, and with it the request: the stream is reset.
        _ended.Cancel();
        _response?.Dispose();
        _request.Dispose();
        _ended.Dispose();
        _endpoint.End();
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        return default;
    }

    private static AttemptException Broken(string problem) => new(new RpcException(StatusCode.Internal, problem));

    private static FrozenDictionary<string, string> Copy(HttpHeaders headers) =>
        headers.NonValidated.Where(h => !h.Key.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)).ToFrozenDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    private void CheckHead()
    {
        var response = _response!;
        var type = response.Content.Headers.NonValidated.TryGetValues("content-type", out var values) ? values.ToString() : "";
        var isGrpc = type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase);

        // An answer without a message has its status here.
        if (isGrpc && GrpcStatus.IsIn(response.Headers) && GrpcStatus.Read(response.Headers) is { } status) throw new AttemptException(status);
        if ((int)response.StatusCode == 200 && isGrpc) return;
        var code = (int)response.StatusCode == 200 ? StatusCode.Unknown : RpcStatus.FromHttp((int)response.StatusCode);
        throw new AttemptException(new RpcException(code == StatusCode.Ok ? StatusCode.Unknown : code, $"{_endpoint} answered HTTP {(int)response.StatusCode} with '{type}', which is not gRPC"));
    }

    private AttemptException Explain(Exception error, CancellationToken cancellation)
    {
        if (error is AttemptException known) return known;
        if (_content.ItemsError is { } own) return new AttemptException(own);
        if (cancellation.IsCancellationRequested) return new AttemptException(new OperationCanceledException(cancellation));
        if (error is RpcException rpc) return new AttemptException(rpc);

        // The transport's fault, and so the endpoint's.
        _endpoint.Fail();
        var unsent = !_content.HasBegun || IsRefused(error);
        var text = error is HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError }
            ? $"{_endpoint} does not speak HTTP/2, which gRPC needs"
            : unsent ? $"{_endpoint} cannot be reached" : $"the connection to {_endpoint} broke before the answer ended";
        return new AttemptException(new RpcException(StatusCode.Unavailable, text, error)) { IsUnsent = unsent };
    }

    /// <summary>RFC 9113, 8.7: a stream refused, or above the last one that a GOAWAY names, was not processed.</summary>
    private static bool IsRefused(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is HttpProtocolException { ErrorCode: 7 }) return true;
        }

        return false;
    }
}
