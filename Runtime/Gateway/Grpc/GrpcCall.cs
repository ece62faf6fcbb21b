using System.IO.Pipelines;
using System.Text;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Grpc;

/// <summary>
/// A call by gRPC or gRPC-Web. Sources: PROTOCOL-HTTP2.md and PROTOCOL-WEB.md of https://github.com/grpc/grpc/tree/master/doc, statuscodes.md beside them.
/// </summary>
internal sealed class GrpcCall(HttpContext context, RpcMethod method, GrpcForm form, CallServices services) : FramedCall(context, method, MessageFormat.Proto, services)
{
    private const string AcceptedEncodings = "identity,gzip";

    // Of gRPC-Web's frames, the one that holds the trailers.
    private const byte TrailersFlag = 0x80;

    private PipeReader? _text;

    public override string Protocol => form == GrpcForm.Http2 ? "grpc" : "grpc-web";

    protected override StatusCode Malformed => StatusCode.Internal;

    protected override string? RequestEncoding => Context.Request.Headers.GrpcEncoding;

    protected override bool IsText => form == GrpcForm.WebText;

    protected override PipeReader Body => form == GrpcForm.WebText ? _text ??= PipeReader.Create(new Base64Stream(Context.Request.BodyReader)) : base.Body;

    public override TimeSpan? ReadRequestedTimeout()
    {
        var header = Context.Request.Headers.GrpcTimeout;
        if (header.Count == 0) return null;
        var text = header.ToString();
        return GrpcTimeout.TryParse(text, out var time) ? time : throw new RpcException(StatusCode.InvalidArgument, $"grpc-timeout: '{text}' is no time; write {GrpcTimeout.Accepted}");
    }

    protected override bool WriteHead(bool mayCompress)
    {
        var response = Context.Response;
        response.ContentType = GrpcContent.TypeOf(form);

        // Most clients accept gzip and few want it: who packs what he sends is answered alike.
        var headers = Context.Request.Headers;
        if (!mayCompress || headers.GrpcEncoding != Gzip.Name || !headers.GrpcAcceptEncoding.ToString().Contains(Gzip.Name, StringComparison.OrdinalIgnoreCase)) return false;
        response.Headers.GrpcEncoding = Gzip.Name;
        return true;
    }

    protected override RpcException UnknownEncoding(string encoding)
    {
        Context.Response.Headers.GrpcAcceptEncoding = AcceptedEncodings;
        return new RpcException(StatusCode.Unimplemented, $"the compression '{encoding}' is not spoken here; {AcceptedEncodings} are");
    }

    protected override ValueTask EndAsync()
    {
        var response = Context.Response;
        if (Context.RequestAborted.IsCancellationRequested) return default;
        if (Frames is null)
        {
            if (Error is null) return EndEmptyAsync();
            RefuseOnly(response, form, Error);
            AddTrailers(response.Headers);
            return default;
        }

        if (form != GrpcForm.Http2)
        {
            Frames.Write(TrailersFlag, TrailerLines());
            return default;
        }

        if (Context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is not { } trailers) return default;
        GrpcStatus.Write(trailers, Error);
        AddTrailers(trailers);
        return default;
    }

    /// <summary>Answers with a status and nothing else: what gRPC calls trailers-only.</summary>
    internal static void RefuseOnly(HttpResponse response, GrpcForm form, RpcException error)
    {
        response.ContentType = GrpcContent.TypeOf(form);
        GrpcStatus.Write(response.Headers, error);
    }

    // A call that was answered without a message.
    private async ValueTask EndEmptyAsync()
    {
        await BeginAsync();
        await EndAsync();
    }

    private void AddTrailers(IHeaderDictionary to)
    {
        if (Trailers is null) return;
        foreach (var (name, value) in Trailers) to.Append(name, value);
    }

    private byte[] TrailerLines()
    {
        var lines = new StringBuilder();
        GrpcStatus.Write(lines, Error);
        foreach (var (name, value) in Trailers ?? [])
        {
            // A line of its own cannot be smuggled in.
            if (!value.AsSpan().ContainsAnyExceptInRange(' ', '~')) lines.Append(name.ToLowerInvariant()).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(lines.ToString());
    }
}
