using System.Collections.Concurrent;
using Granary.Telemetry;
using Granary.Telemetry.Prometheus;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Granary.Tests;

/// <summary>A web host with nothing but telemetry, on a port of its own.</summary>
internal sealed class TelemetryHost : IAsyncDisposable
{
    public const string OpenMetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

    private readonly WebApplication _app;

    private TelemetryHost(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TelemetryHost> StartAsync(string meter, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
        builder.Configuration.AddInMemoryCollection([new("Granary:Telemetry:Meters:0", meter)]);
        builder.Services.AddGranaryTelemetry(builder.Configuration, "granary-test");
        builder.Services.AddSingleton<ILoggerProvider>(Lines);
        var app = builder.Build();
        app.MapGranaryMetrics();
        await app.StartAsync();
        return new TelemetryHost(app);
    }

    public static LogLines Lines { get; } = new();

    public async Task<(string Text, string ContentType)> ScrapeAsync(string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType!.ToString());
    }

    public async Task<IReadOnlyDictionary<string, ExposedFamily>> FamiliesAsync(bool openMetrics = false) =>
        Exposition.Parse((await ScrapeAsync(openMetrics ? OpenMetrics : null)).Text, openMetrics);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> All { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) All.Enqueue(formatter(state, exception));
    }

    public void Dispose()
    {
    }
}
