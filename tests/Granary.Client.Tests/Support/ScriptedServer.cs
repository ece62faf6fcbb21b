using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Granary.Codec;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Granary.Client.Tests.Support;

/// <summary>A server of HTTP/2 that answers as a test tells it to.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _calls;

    private ScriptedServer(WebApplication app) => _app = app;

    /// <summary>Calls of methods that arrived, probes left out.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Answers each call with what <paramref name="answer"/> does.</summary>
    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, int, Task> answer, int port = 0, IPAddress? address = null, Func<HttpContext, Task>? health = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(address ?? IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Logging.ClearProviders();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o => o.ShutdownTimeout = TimeSpan.Zero);
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.Run(context => context.Request.Path.StartsWithSegments("/grpc.health.v1.Health", StringComparison.Ordinal)
            ? (health ?? (c => EndAsync(c, 12)))(context)
            : answer(context, Interlocked.Increment(ref server._calls)));
        await app.StartAsync();
        return server;
    }

    /// <summary>Answers a call of <c>Key</c> with a text.</summary>
    public static Task<ScriptedServer> SayingAsync(string text, int port = 0, IPAddress? address = null) => StartAsync((context, _) => ReplyAsync(context, text), port, address);

    /// <summary>Answers with a text as the result.</summary>
    public static async Task ReplyAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(Frame(Message(text)));
        Trailers(context, 0);
    }

    /// <summary>Answers with a status and nothing else.</summary>
    public static Task EndAsync(HttpContext context, int status, string? message = null)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = status.ToString(CultureInfo.InvariantCulture);
        if (message is not null) context.Response.Headers["grpc-message"] = message;
        return Task.CompletedTask;
    }

    public static void Trailers(HttpContext context, int status) => context.Features.Get<IHttpResponseTrailersFeature>()!.Trailers["grpc-status"] = status.ToString(CultureInfo.InvariantCulture);

    public static byte[] Message(string text)
    {
        var writer = new WireWriter(new byte[16]);
        writer.WriteTag(10);
        writer.WriteString(text);
        return writer.Written.ToArray();
    }

    public static byte[] Frame(byte[] message, byte flags = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>Stops at once: connections break.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // That is what was asked for.
        }

        await _app.DisposeAsync();
    }
}
