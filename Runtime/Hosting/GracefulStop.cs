using Granary.Hosting.Settings;

namespace Granary.Hosting;

/// <summary>
/// How a host ends when it is told to (SIGTERM, Ctrl+C):
/// <code>
///   1 /readyz is red, everything else goes on, for StopDelay: balancers look elsewhere
///   2 HTTP: no new connections; what runs may end
///   3 the silo, if there is one: ShuttingDown, calls end, grains deactivate, Dead; for DrainTimeout
/// </code>
/// All of it together is bounded, so that it fits in what an orchestrator allows.
/// </summary>
internal static class GracefulStop
{
    /// <summary>The engine's default, for an engine that has no such option.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(20);

    /// <summary>For closing connections and telling the cluster.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    internal static void AddGracefulStop(this IServiceCollection services, StartSettings settings)
    {
        var delay = settings.Host.StopDelay < TimeSpan.Zero ? TimeSpan.Zero : settings.Host.StopDelay;
        var total = delay + settings.EngineTime("DrainTimeout", s_drain) + s_margin;
        services.Configure<HostOptions>(o => o.ShutdownTimeout = total);
        if (delay > TimeSpan.Zero) services.AddHostedService(provider => new StopDelay(delay, provider.GetRequiredService<ILogger<StopDelay>>()));
    }
}

/// <summary>Holds the stop back, before anything has stopped, while the host already says that it is not ready.</summary>
internal sealed partial class StopDelay(TimeSpan delay, ILogger<StopDelay> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogWaits(logger, delay);
        return Task.Delay(delay, TimeProvider.System, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(4011, LogLevel.Information, "Told to stop. Not ready any more; calls are still taken for {Delay}, so that others notice.")]
    private static partial void LogWaits(ILogger logger, TimeSpan delay);
}
