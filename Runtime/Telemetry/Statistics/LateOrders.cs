using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Granary.Telemetry.Statistics;

/// <summary>A silo that has just started takes over the log levels that were set for all processes before it was there.</summary>
internal sealed partial class LateOrders(IGrainFactory grains, IServiceProvider services, ILogger<LateOrders> log) : BackgroundService
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A host without a log that can be read has none to set levels of.
        if (services.GetService<ProcessLog>() is not { } process) return;
        await Task.Yield();
        try
        {
            using var deadline = RpcDeadline.Within(s_patience);
            foreach (var order in await grains.GetGrain<IGatewayExchange>(0).Orders().WaitAsync(s_patience, stoppingToken)) process.Obey(order);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            Unheard(log, error);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops before it has heard; what became of the call is no error of its.
        }
    }

    [LoggerMessage(3017, LogLevel.Information, "Whether log levels were set for all processes could not be asked; the configured ones hold here.")]
    private static partial void Unheard(ILogger logger, Exception error);
}
