using System.Globalization;
using Granary.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Granary.Benchmarks.Telemetry;

/// <summary>A collector that counts spans and forgets them, in a process of its own, so that its work is not taken for that of the host.</summary>
internal sealed class OtlpSink : IDisposable
{
    internal const string Role = "--otlp-sink";

    private readonly ChildProcess _process;
    private readonly HttpClient _client;

    private OtlpSink(ChildProcess process, int port)
    {
        _process = process;
        Address = $"http://127.0.0.1:{port}";
        _client = new HttpClient { BaseAddress = new Uri(Address), Timeout = Until.OneAsk };
    }

    internal string Address { get; }

    internal static async Task<OtlpSink> StartAsync()
    {
        var port = ChildProcess.FreePort();
        var sink = new OtlpSink(ChildProcess.Self(Role, $"{port}"), port);
        await Until.AnswersAsync(sink._process, async () => await sink.CountAsync() >= 0);
        return sink;
    }

    /// <summary>The role: serves until it is ended.</summary>
    internal static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using var app = builder.Build();
        var count = 0L;
        app.MapGet("/count", () => Interlocked.Read(ref count).ToString(CultureInfo.InvariantCulture));
        app.MapPost("/v1/{signal}", async (HttpContext context, string signal) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            if (signal == "traces") Interlocked.Add(ref count, OtlpSpans.Count(body.GetBuffer().AsSpan(0, (int)body.Length)));
        });
        await app.RunAsync();
    }

    /// <summary>Spans received so far.</summary>
    internal async Task<long> CountAsync() => long.Parse(await _client.GetStringAsync(new Uri("/count", UriKind.Relative)), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _client.Dispose();
        _process.Dispose();
    }
}
