using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Granary.Gateway.Contracts;

/// <summary>
/// Publishes the <c>.proto</c> files: <c>/proto</c> lists them, <c>/proto/{service}.proto</c> is the file with a service (its version as for calls: <c>/v2/proto/..</c> or the
/// header <c>Api-Version</c>), <c>/proto/{file}</c> one by the name that imports use, <c>/proto.zip</c> all of them, <c>/proto.binpb</c> all as a <c>FileDescriptorSet</c>.
/// </summary>
internal sealed class ProtoEndpoints(ProtoFiles files, RpcCatalog catalog)
{
    private const string ProtoType = "text/plain; charset=utf-8";
    private const string Suffix = ".proto";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/proto", ListAsync).AllowAnonymous();
        endpoints.MapGet("/proto.zip", context => SendAsync(context, "application/zip", files.Zip)).AllowAnonymous();
        endpoints.MapGet("/proto.binpb", context => SendAsync(context, "application/protobuf", files.DescriptorSet)).AllowAnonymous();
        endpoints.MapGet("/proto/{**name}", context => FileAsync(context, null)).AllowAnonymous();
        endpoints.MapGet("/v{version:int:min(1)}/proto/{**name}", context => FileAsync(context, (string)context.GetRouteValue("version")!)).AllowAnonymous();
    }

    private static Task SendAsync(HttpContext context, string type, ReadOnlyMemory<byte> content)
    {
        var response = context.Response;
        response.ContentType = type;
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = content.Length;
        return response.Body.WriteAsync(content, context.RequestAborted).AsTask();
    }

    private Task FileAsync(HttpContext context, string? version)
    {
        var name = (string?)context.GetRouteValue("name") ?? "";
        version ??= context.Request.Headers["Api-Version"] is [{ } header, ..] ? header : null;
        if (files.Files.TryGetValue(name, out var text)) return SendAsync(context, ProtoType, Encoding.UTF8.GetBytes(text));
        var number = 1;
        if (version is not null && (!int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1))
            return HttpProblem.WriteAsync(context, new RpcException(StatusCode.InvalidArgument, $"Api-Version: '{version}' is no version; write a number, 1 or higher"));
        if (name.EndsWith(Suffix, StringComparison.Ordinal) && catalog.Find(name[..^Suffix.Length], number) is { } service)
            return SendAsync(context, ProtoType, Encoding.UTF8.GetBytes(files.Files[ProtoFileBuilder.FileName(service.Package)]));
        return HttpProblem.WriteAsync(context, new RpcException(StatusCode.NotFound, $"there is no file '{name}' and no service of that name in version {number}; /proto lists them"));
    }

    private Task ListAsync(HttpContext context)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("files");
            foreach (var name in files.Files.Keys.Order(StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("url", "/proto/" + name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("services");
            foreach (var service in catalog.Services) Write(json, service);
            json.WriteEndArray();
            json.WriteString("zip", "/proto.zip");
            json.WriteString("descriptors", "/proto.binpb");
            json.WriteEndObject();
        }

        return SendAsync(context, MediaTypes.Json, buffer.WrittenMemory);
    }

    private static void Write(Utf8JsonWriter json, RpcService service)
    {
        json.WriteStartObject();
        json.WriteString("name", service.Name);
        json.WriteNumber("version", service.Version);
        json.WriteString("package", service.Package);
        json.WriteString("fullName", service.FullName);
        json.WriteString("file", ProtoFileBuilder.FileName(service.Package));
        json.WriteString("url", $"{(service.Version == 1 ? "" : $"/v{service.Version}")}/proto/{service.Name}{Suffix}");
        if (service.Deprecated is not null) json.WriteString("deprecated", service.Deprecated);
        if (service.Sunset is { } day) json.WriteString("sunset", day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }
}
