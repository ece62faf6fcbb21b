using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Tests.Support;

/// <summary>A collector of our own: takes what processes send by OTLP over HTTP and keeps the spans.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpCollector(WebApplication app) => _app = app;

    public ConcurrentQueue<OtlpSpan> Spans { get; } = [];

    public string Address => _app.Urls.Single();

    /// <summary>What a host needs to send here, at once.</summary>
    public (string Key, string Value)[] Settings =>
    [
        ("Granary:Telemetry:Otlp:Endpoint", Address),
        ("Granary:Telemetry:Otlp:Protocol", "http/protobuf"),
    ];

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/v1/{signal}", async (Microsoft.AspNetCore.Http.HttpContext context, string signal) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            if (signal != "traces") return;
            foreach (var span in OtlpSpans.Read(body.GetBuffer().AsSpan(0, (int)body.Length))) collector.Spans.Enqueue(span);
        });
        await app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
