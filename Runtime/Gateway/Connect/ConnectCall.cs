using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Connect;

/// <summary>A call with one message each way by Connect: plain HTTP, whose bodies are the messages.</summary>
/// <param name="context">The request.</param>
/// <param name="method">What is called.</param>
/// <param name="format">The format of the messages; null for a call by GET, whose query tells.</param>
/// <param name="services">What calls need of the host.</param>
internal sealed class ConnectCall(HttpContext context, RpcMethod method, MessageFormat? format, CallServices services) : RpcCall(method.CreateRequest(), services.Time)
{
    private readonly LimitOptions _limits = services.Options.Limits;
    private MessageFormat? _format = format;
    private string? _compression;

    public override string Protocol => "connect";

    public override IPAddress? RemoteAddress => context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => context.Connection.ClientCertificate;

    protected override CancellationToken Disconnected => context.RequestAborted;

    protected override CancellationToken Stopping => services.Stopping;

    public override string? GetHeader(string name)
    {
        var headers = context.Request.Headers;
        var value = name == "authorization" ? headers.Authorization : headers[name];
        return value.Count == 0 ? null : value.ToString();
    }

    public override void SetHeader(string name, string value) => context.Response.Headers[name] = value;

    // Trailers are headers with a prefix, as long as there are headers to be written.
    public override void SetTrailer(string name, string value)
    {
        if (!context.Response.HasStarted) context.Response.Headers.Append("Trailer-" + name, value);
    }

    public override TimeSpan? ReadRequestedTimeout() => ConnectHeaders.ReadTimeout(context.Request);

    public override ValueTask ReadRequestAsync()
    {
        var request = context.Request;
        if (_format is null)
        {
            var get = ConnectGet.Read(request.Query);
            _format = get.Format;
            if (SetCompression(get.Compression)) ReadMessage(new ReadOnlySequence<byte>(get.Message));
            return default;
        }

        if (!SetCompression(request.Headers.ContentEncoding)) return default;
        if (request.ContentLength > _limits.BodyBytes)
        {
            Error = FrameRules.TooLarge(_limits.BodyBytes);
            return default;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        var reader = request.BodyReader;
        try
        {
            // Small bodies have come with their head.
            if (reader.TryRead(out var read) && TryTake(reader, read)) return default;
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            Error = FramedCall.BrokenOff(exception);
            return default;
        }

        return ReadSlowlyAsync(reader);
    }

    public override ValueTask RespondAsync()
    {
        var response = context.Response;
        response.ContentType = ConnectContent.TypeOf(_format!, isStream: false);
        if (HttpMethods.IsGet(context.Request.Method)) response.Headers.CacheControl = "no-store";
        var output = JsonOutput.Rent();
        try
        {
            _format!.WriteReply(Request, output);
            return Send(output.Written);
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>After the stages: an error becomes the response.</summary>
    public Task FinishAsync() => Error is null || context.RequestAborted.IsCancellationRequested ? Task.CompletedTask : RefuseAsync(context, Error, RpcStatus.ToHttp(Error.Code));

    /// <summary>Answers with an error. Does nothing when the response has begun.</summary>
    public static Task RefuseAsync(HttpContext context, RpcException error, int status)
    {
        var response = context.Response;
        if (response.HasStarted) return Task.CompletedTask;
        response.StatusCode = status;
        response.ContentType = MediaTypes.Json;
        response.Headers.CacheControl = "no-store";
        var output = JsonOutput.Rent();
        try
        {
            ConnectError.Write(output.Json, error);
            output.Json.Flush();
            return HttpProblem.Send(response, output.Written);
        }
        finally
        {
            output.Return();
        }
    }

    private ValueTask Send(ReadOnlySpan<byte> message)
    {
        var options = services.Options.Compression;
        var response = context.Response;
        if (options.Enabled && message.Length >= options.FromBytes && ConnectHeaders.AcceptsGzip(context.Request.Headers.AcceptEncoding))
        {
            var packed = Gzip.Compress(message);
            response.Headers.ContentEncoding = Gzip.Name;
            var sending = HttpProblem.Send(response, packed.Bytes);

            // The bytes have been copied.
            packed.Dispose();
            return new ValueTask(sending);
        }

        return new ValueTask(HttpProblem.Send(response, message));
    }

    private bool SetCompression(string? encoding)
    {
        if (encoding is null or "" or "identity") return true;
        _compression = encoding;
        if (encoding == Gzip.Name) return true;
        context.Response.Headers.AcceptEncoding = Gzip.Name;
        Error = ConnectHeaders.UnknownEncoding(encoding);
        return false;
    }

    private async ValueTask ReadSlowlyAsync(PipeReader reader)
    {
        try
        {
            while (!TryTake(reader, await reader.ReadOrStopAsync(Cancellation)))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            Error = FramedCall.BrokenOff(exception);
        }
    }

    // True when the body is complete and read, or refused.
    private bool TryTake(PipeReader reader, in ReadResult read)
    {
        var body = read.Buffer;
        if (body.Length > _limits.BodyBytes)
        {
            reader.AdvanceTo(body.End);
            Error = FrameRules.TooLarge(_limits.BodyBytes);
            return true;
        }

        if (!read.IsCompleted && body.Length != context.Request.ContentLength)
        {
            reader.AdvanceTo(body.Start, body.End);
            return false;
        }

        try
        {
            ReadMessage(body);
        }
        finally
        {
            reader.AdvanceTo(body.End);
        }

        return true;
    }

    private void ReadMessage(ReadOnlySequence<byte> body)
    {
        // An empty body is an empty message, packed or not.
        using var message = _compression is null || body.IsEmpty ? FramePayload.Of(body) : Gzip.Decompress(body, _limits.BodyBytes, StatusCode.InvalidArgument);
        if (message.Bytes.Length > _limits.BodyBytes) throw FrameRules.TooLarge(_limits.BodyBytes);
        _format!.ReadRequest(message.Bytes, Request, _limits);
        Request.CheckKeyLength(_limits);
    }
}
