using Granary.Gateway.Framing;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Connect;

/// <summary>A call with a stream by Connect. The HTTP status is always 200; how the call ended is in the last message.</summary>
internal sealed class ConnectStream(HttpContext context, RpcMethod method, MessageFormat format, CallServices services) : FramedCall(context, method, format, services)
{
    private const byte EndOfStream = 2;

    public override string Protocol => "connect";

    protected override StatusCode Malformed => StatusCode.InvalidArgument;

    protected override string? RequestEncoding => Context.Request.Headers["Connect-Content-Encoding"];

    public override TimeSpan? ReadRequestedTimeout() => ConnectHeaders.ReadTimeout(Context.Request);

    protected override bool WriteHead(bool mayCompress)
    {
        var response = Context.Response;
        response.ContentType = ConnectContent.TypeOf(Format, isStream: true);
        response.Headers.CacheControl = "no-store";
        if (!mayCompress || !ConnectHeaders.AcceptsGzip(Context.Request.Headers["Connect-Accept-Encoding"])) return false;
        response.Headers["Connect-Content-Encoding"] = Gzip.Name;
        return true;
    }

    protected override RpcException UnknownEncoding(string encoding)
    {
        Context.Response.Headers["Connect-Accept-Encoding"] = Gzip.Name;
        return ConnectHeaders.UnknownEncoding(encoding);
    }

    protected override async ValueTask EndAsync()
    {
        if (Context.RequestAborted.IsCancellationRequested) return;
        if (Frames is null) await BeginAsync();
        WriteEnd();
    }

    private void WriteEnd()
    {
        var output = JsonOutput.Rent();
        try
        {
            var json = output.Json;
            json.WriteStartObject();
            if (Error is not null)
            {
                json.WritePropertyName("error"u8);
                ConnectError.Write(json, Error);
            }

            if (Trailers is { Count: > 0 } trailers)
            {
                json.WriteStartObject("metadata"u8);
                foreach (var values in trailers.GroupBy(t => t.Key, t => t.Value, StringComparer.OrdinalIgnoreCase))
                {
                    json.WriteStartArray(values.Key);
                    foreach (var value in values) json.WriteStringValue(value);
                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.Flush();
            Frames!.Write(EndOfStream, output.Written);
        }
        finally
        {
            output.Return();
        }
    }
}
