using System.Diagnostics;
using Granary.Telemetry.Traces;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Granary.Telemetry;

/// <summary>
/// Builds the providers before any other hosted service starts, so that nothing is counted too early to be seen.
/// The container disposes them, which sends what is left.
/// </summary>
internal sealed class TelemetryLifetime(IServiceProvider services) : IHostedLifecycleService, IDisposable
{
    private ActivityListener? _traceContext;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        services.GetService<MeterProvider>();
        if (services.GetService<TracerProvider>() is null) _traceContext = TraceContext.Listen();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _traceContext?.Dispose();
}
