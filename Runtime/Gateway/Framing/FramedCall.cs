using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Granary.Gateway.Framing;

/// <summary>
/// A call whose messages are length-prefixed: gRPC, gRPC-Web, and the streams of Connect. It knows the four kinds of calls; what derives from it knows heads and ends.
/// </summary>
internal abstract class FramedCall : RpcCall
{
    private readonly CallServices _services;
    private List<KeyValuePair<string, string>>? _trailers;
    private FrameRules? _rules;
    private FramedItems? _items;

    protected FramedCall(HttpContext context, RpcMethod method, MessageFormat format, CallServices services)
        : base(method.CreateRequest(), services.Time)
    {
        Context = context;
        Format = format;
        _services = services;
    }

    public override IPAddress? RemoteAddress => Context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => Context.Connection.ClientCertificate;

    protected HttpContext Context { get; }

    protected MessageFormat Format { get; }

    protected GatewayOptions Options => _services.Options;

    protected override CancellationToken Disconnected => Context.RequestAborted;

    protected override CancellationToken Stopping => _services.Stopping;

    /// <summary>The trailers that stages have set; null for none.</summary>
    protected IReadOnlyList<KeyValuePair<string, string>>? Trailers => _trailers;

    /// <summary>Writes the response's messages; null before the response has begun.</summary>
    protected FrameWriter? Frames { get; private set; }

    /// <summary>The request's body.</summary>
    protected virtual PipeReader Body => Context.Request.BodyReader;

    /// <summary>What this protocol says of a request whose frames are no frames.</summary>
    protected abstract StatusCode Malformed { get; }

    /// <summary>The compression the caller says its messages have; null for none.</summary>
    protected abstract string? RequestEncoding { get; }

    public override string? GetHeader(string name)
    {
        var headers = Context.Request.Headers;
        var value = name == "authorization" ? headers.Authorization : headers[name];
        return value.Count == 0 ? null : value.ToString();
    }

    public override void SetHeader(string name, string value) => Context.Response.Headers[name] = value;

    public override void SetTrailer(string name, string value) => (_trailers ??= []).Add(new(name, value));

    public override ValueTask ReadRequestAsync()
    {
        var encoding = RequestEncoding;
        if (encoding is "" or "identity") encoding = null;
        if (encoding is not null and not Gzip.Name)
        {
            Error = UnknownEncoding(encoding);
            return default;
        }

        _rules = new FrameRules(Options.Limits.BodyBytes, encoding, Malformed);

        // Messages have a limit of their own; how many come, and how slowly, is a stream's own affair until its deadline.
        if (Context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        var isStream = Method.Kind is RpcMethodKind.ClientStream or RpcMethodKind.Bidirectional;
        if (isStream && Context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        var body = Body;
        try
        {
            // What is small has come with the head.
            if (body.TryRead(out var read) && (isStream ? TryTakeFirst(body, read) : TryTakeOnly(body, read))) return default;
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            Error = BrokenOff(exception);
            return default;
        }

        return ReadSlowlyAsync(body, isStream);
    }

    public override ValueTask RespondAsync()
    {
        if (Method.Kind is RpcMethodKind.ServerStream or RpcMethodKind.Bidirectional)
        {
            Watch();
            return new FramedStream(Context, this, _services).WriteAsync(_items);
        }

        if (_items?.Error is { } error)
        {
            // A result that the grain made of half a stream.
            Fail(error);
            return default;
        }

        var begin = BeginAsync();
        if (!begin.IsCompletedSuccessfully) return RespondSlowlyAsync(begin);
        Format.WriteReply(Request, Frames!);
        return default;
    }

    /// <summary>Begins the response. Once.</summary>
    public Task BeginAsync()
    {
        var compresses = WriteHead(Options.Compression.Enabled);
        Frames = new FrameWriter(Context.Response.BodyWriter, IsText, compresses ? Options.Compression.FromBytes : null);
        return Context.Response.StartAsync();
    }

    /// <summary>Writes the current item of the result's stream.</summary>
    public void WriteItem() => Format.WriteReply(Request, Frames!);

    /// <summary>The bytes that wait to be flushed.</summary>
    public int Unflushed
    {
        get => Frames?.Unflushed ?? 0;
        set => Frames?.Unflushed = value;
    }

    /// <summary>After the stages: stops reading the caller's stream and ends the response. A message that did not fit is why the call failed, whatever the grain made of it.</summary>
    public ValueTask FinishAsync() => _items is null ? EndAsync() : StopItemsAsync();

    internal static RpcException BrokenOff(Exception exception) => exception is BadHttpRequestException { StatusCode: 408 }
        ? new RpcException(StatusCode.DeadlineExceeded, "the request's body comes too slowly", exception)
        : new RpcException(StatusCode.Cancelled, "the request's body broke off", exception);

    /// <summary>Sets the response's headers.</summary>
    /// <param name="mayCompress">Whether messages may be compressed, if the caller takes that.</param>
    /// <returns>Whether they are.</returns>
    protected abstract bool WriteHead(bool mayCompress);

    /// <summary>Whether the response's body is base64.</summary>
    protected virtual bool IsText => false;

    /// <summary>Ends the response, with <see cref="RpcCall.Error"/> if there is one.</summary>
    protected abstract ValueTask EndAsync();

    /// <summary>The error about a compression that is not spoken, after saying which are.</summary>
    protected abstract RpcException UnknownEncoding(string encoding);

    private async ValueTask RespondSlowlyAsync(Task begin)
    {
        await begin;
        Format.WriteReply(Request, Frames!);
    }

    private async ValueTask StopItemsAsync()
    {
        await _items!.StopAsync();
        if (Error is not null && _items.Error is { Code: not StatusCode.Cancelled } error) Error = error;
        await EndAsync();
    }

    private async ValueTask ReadSlowlyAsync(PipeReader body, bool isStream)
    {
        try
        {
            while (true)
            {
                var read = await body.ReadOrStopAsync(Cancellation);
                if (isStream ? TryTakeFirst(body, read) : TryTakeOnly(body, read)) return;
            }
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            Error = BrokenOff(exception);
        }
    }

    // True when the request is complete and read. Nothing may follow its message.
    private bool TryTakeOnly(PipeReader body, in ReadResult read)
    {
        var rest = read.Buffer;
        var isDone = true;
        try
        {
            if (!_rules!.TryTake(ref rest, read.IsCompleted, out var frame))
            {
                isDone = read.IsCompleted;
                if (isDone) throw new RpcException(StatusCode.Unimplemented, $"{Method} takes one message, and none came");
            }
            else if (!rest.IsEmpty)
            {
                throw new RpcException(StatusCode.Unimplemented, $"{Method} takes one message, and more came");
            }
            else
            {
                isDone = read.IsCompleted;
                if (isDone) ReadRequest(frame);
            }
        }
        finally
        {
            if (isDone) body.AdvanceTo(read.Buffer.End);
            else body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        return isDone;
    }

    // True when the first message of the caller's stream has been read; the others are read while the call runs.
    private bool TryTakeFirst(PipeReader body, in ReadResult read)
    {
        var rest = read.Buffer;
        var isDone = false;
        var hasFirst = false;
        try
        {
            hasFirst = _rules!.TryTake(ref rest, read.IsCompleted, out var frame);
            isDone = hasFirst || read.IsCompleted;
            if (hasFirst) ReadRequest(frame);
            else if (isDone) Format.ReadRequest(Format == MessageFormat.Json ? "{}"u8 : default, Request, Options.Limits);
        }
        finally
        {
            if (isDone) body.AdvanceTo(rest.Start);
            else body.AdvanceTo(rest.Start, rest.End);
        }

        if (isDone) BeginItems(body, hasFirst);
        return isDone;
    }

    private void ReadRequest(in Frame frame)
    {
        using var message = _rules!.Open(frame);
        if (Format == MessageFormat.Proto && _services.PassThrough.Takes(Method)) Request.TakeMessage(message.Bytes);
        else Format.ReadRequest(message.Bytes, Request, Options.Limits);
        if (Request.Items is { } items) Format.TryAddItem(message.Bytes, items, Options.Limits);
        Request.CheckKeyLength(Options.Limits);
    }

    private void BeginItems(PipeReader body, bool hasMore)
    {
        Watch();
        _items = new FramedItems(body, _rules!, Format, Request.Items!, Options.Limits, Cancellation);
        if (hasMore) _items.Start();
        else _items.End();
    }
}
