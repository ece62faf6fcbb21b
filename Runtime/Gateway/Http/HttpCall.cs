using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Codec;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Http;

/// <summary>A call by HTTP/JSON.</summary>
internal sealed class HttpCall : RpcCall
{
    private readonly HttpContext _context;
    private readonly RouteMatch _match;
    private readonly GatewayOptions _options;
    private readonly GatewayInstruments _instruments;
    private readonly CancellationToken _stopping;
    private ItemReader? _items;

    public HttpCall(HttpContext context, in RouteMatch match, GatewayOptions options, GatewayInstruments instruments, TimeProvider time, CancellationToken stopping)
        : base(match.Route!.Method.CreateRequest(), time)
    {
        _context = context;
        _match = match;
        _options = options;
        _instruments = instruments;
        _stopping = stopping;
    }

    /// <summary>The HTTP status of <see cref="RpcCall.Error"/>, where its code's is not precise enough; else 0.</summary>
    public int ErrorStatus { get; private set; }

    public override string Protocol => "http";

    public override IPAddress? RemoteAddress => _context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => _context.Connection.ClientCertificate;

    protected override CancellationToken Disconnected => _context.RequestAborted;

    protected override CancellationToken Stopping => _stopping;

    public override string? GetHeader(string name)
    {
        var headers = _context.Request.Headers;
        var value = name == "authorization" ? headers.Authorization : headers[name];
        return value.Count == 0 ? null : value.ToString();
    }

    public override void SetHeader(string name, string value) => _context.Response.Headers[name] = value;

    public override TimeSpan? ReadRequestedTimeout() => HttpHead.ReadTimeout(_context);

    public override ValueTask ReadRequestAsync()
    {
        if (_match.Arguments is not null)
        {
            foreach (var (name, value) in _match.Arguments) Request.SetArgument(name, value);
        }

        var query = _context.Request.QueryString.Value;
        if (Method.Kind is RpcMethodKind.ClientStream or RpcMethodKind.Bidirectional)
        {
            if (!MediaTypes.IsNdjson(_context.Request.ContentType)) return Refuse(415, StatusCode.InvalidArgument, $"the items of this stream are the body, one JSON value a line: send it as Content-Type {MediaTypes.Ndjson}, and other arguments in the query");
            QueryArguments.Read(query, Request);
            Request.CheckArguments();
            if (!SetKey()) return default;
            BeginItems();
            return default;
        }

        if (!_match.Route!.HasBody)
        {
            QueryArguments.Read(query, Request);
            Request.CheckArguments();
            SetKey();
            return default;
        }

        if (!string.IsNullOrEmpty(query)) return Refuse(400, StatusCode.InvalidArgument, "the arguments of this call are the members of a JSON object in the body; the query must be empty");
        return ReadBodyAsync();
    }

    public override ValueTask RespondAsync()
    {
        if (Method.Kind is RpcMethodKind.ServerStream or RpcMethodKind.Bidirectional) return RespondWithStreamAsync();
        if (_items?.Error is { } error)
        {
            // A result that the grain made of half a stream.
            Fail(error);
            return default;
        }

        var response = _context.Response;
        if (Method.IsOneWay || !Request.HasResult)
        {
            response.StatusCode = Method.IsOneWay ? 202 : 204;
            return default;
        }

        response.ContentType = MediaTypes.Json;
        if (_match.Route!.Verb == "GET") response.Headers.CacheControl = "no-store";
        var output = JsonOutput.Rent();
        try
        {
            Request.WriteResultJson(output.Json, JsonFormat.Web);
            output.Json.Flush();
            var sending = HttpProblem.Send(response, output.Written);
            return sending.IsCompletedSuccessfully ? default : new ValueTask(sending);
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>Stops reading the items of a stream; the request's body is not touched afterwards. An item that did not fit is why the call failed, whatever the grain made of it.</summary>
    public async ValueTask StopItemsAsync()
    {
        if (_items is null) return;
        await _items.StopAsync();
        if (Error is not null && _items.Error is { Code: StatusCode.InvalidArgument or StatusCode.ResourceExhausted } error) Error = error;
    }

    private async ValueTask RespondWithStreamAsync()
    {
        if (StreamFormat.Negotiate(_context.Request.Headers.Accept) is not { } format)
        {
            await Request.DisposeAsync();
            await Refuse(406, StatusCode.InvalidArgument, $"this is a stream: accept {MediaTypes.EventStream} or {MediaTypes.Ndjson}");
            return;
        }

        Watch();
        await new StreamResponse(_context, this, format, _options, _instruments).WriteAsync(_items);
    }

    private ValueTask ReadBodyAsync()
    {
        var request = _context.Request;
        if (request.ContentLength is 0 || (request.ContentLength is null && !CanHaveBody()))
        {
            ReadArguments(default);
            return default;
        }

        if (!MediaTypes.IsJson(request.ContentType)) return Refuse(415, StatusCode.InvalidArgument, $"the arguments are a JSON object: send it as Content-Type {MediaTypes.Json}, in UTF-8");
        if (request.Headers.ContentEncoding.Count > 0) return Refuse(415, StatusCode.InvalidArgument, "compressed bodies are not accepted; send it without Content-Encoding");
        if (request.ContentLength > _options.Limits.BodyBytes) return RefuseSize();
        var reader = request.BodyReader;
        try
        {
            // Small bodies have come with their head.
            if (reader.TryRead(out var read) && TryTake(reader, read)) return default;
        }
        catch (IOException exception)
        {
            return RefuseBody(exception);
        }

        return ReadSlowlyAsync(reader);
    }

    private async ValueTask ReadSlowlyAsync(PipeReader reader)
    {
        try
        {
            while (!TryTake(reader, await reader.ReadOrStopAsync(Cancellation)))
            {
            }
        }
        catch (IOException exception)
        {
            await RefuseBody(exception);
        }
    }

    // True when the body is complete and read, or refused.
    private bool TryTake(PipeReader reader, in ReadResult read)
    {
        var body = read.Buffer;
        if (body.Length > _options.Limits.BodyBytes)
        {
            reader.AdvanceTo(body.End);
            _ = RefuseSize();
            return true;
        }

        if (!read.IsCompleted && body.Length != _context.Request.ContentLength)
        {
            reader.AdvanceTo(body.Start, body.End);
            return false;
        }

        try
        {
            ReadArguments(body);
        }
        finally
        {
            reader.AdvanceTo(body.End);
        }

        return true;
    }

    private void ReadArguments(in ReadOnlySequence<byte> body)
    {
        if (body.IsEmpty) Request.CheckArguments();
        else JsonArguments.Read(body, Request, keyInBody: !_match.Route!.HasKey, _options.Limits.JsonDepth);
        SetKey();
    }

    private bool SetKey()
    {
        if (!_match.Route!.HasKey) return true;
        Error = GrainKey.Set(Request, _match.Key!, _options.Limits.KeyLength);
        return Error is null;
    }

    private void BeginItems()
    {
        // A stream has no fixed length and may pause: neither the size limit nor the minimum rate of ordinary bodies is for it. Each item has a limit of its own.
        if (_context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (_context.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate && !HttpProtocol.IsHttp2(_context.Request.Protocol)) rate.MinDataRate = null;
        Watch();
        _items = new ItemReader(_context.Request.BodyReader, Request.Items!, _options, Cancellation);
        _items.Start();
    }

    private bool CanHaveBody() => _context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    // What the server finds wrong: a body that comes too slowly, is not framed as it says (a chunk's size that is no number of this world is an overflow to it), or breaks off.
    private ValueTask RefuseBody(IOException exception)
    {
        CloseConnection();
        if (exception is BadHttpRequestException bad) return Refuse(bad.StatusCode, StatusCode.InvalidArgument, bad.Message);
        if (exception.InnerException is OverflowException) return Refuse(400, StatusCode.InvalidArgument, "the body's chunks are not sized right");
        Error = new RpcException(StatusCode.Cancelled, "the request's body broke off", exception);
        return default;
    }

    // Nobody is going to read the rest of the body.
    private void CloseConnection()
    {
        if (HttpProtocol.IsHttp11(_context.Request.Protocol)) _context.Response.Headers.Connection = "close";
    }

    private ValueTask RefuseSize()
    {
        CloseConnection();
        return Refuse(413, StatusCode.ResourceExhausted, $"the body is larger than {_options.Limits.BodyBytes} bytes");
    }

    private ValueTask Refuse(int status, StatusCode code, string problem)
    {
        ErrorStatus = status;
        Error = new RpcException(code, problem);
        return default;
    }
}
