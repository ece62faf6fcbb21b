using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Benchmarks.Grpc;

/// <summary>
/// What the gRPC benchmark compares with: Kestrel's HTTP/2 with nothing but a function that sends the request's body back. It reads no message, calls nothing and sends no trailers.
/// </summary>
internal static class BareHttp2
{
    internal const string Role = "--bare-http2";

    internal static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Request.BodyReader.CopyToAsync(context.Response.BodyWriter);
        });
        await app.RunAsync();
    }
}
