using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Gateway.Grpc.Health;

/// <summary>What <c>/readyz</c> answers, asked at most once a second however many ask. Thread-safe.</summary>
internal sealed class ReadyState(HealthCheckService checks, TimeProvider time)
{
    /// <summary>How old an answer may be.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Task<bool>? _last;
    private long _at;

    public Task<bool> IsReadyAsync()
    {
        lock (_gate)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_at) >= Freshness))
            {
                _at = time.GetTimestamp();
                _last = CheckAsync();
            }

            return _last;
        }
    }

    private async Task<bool> CheckAsync()
    {
        using var patience = new CancellationTokenSource(s_patience, time);
        try
        {
            var report = await checks.CheckHealthAsync(check => check.Tags.Contains(GatewayPipeline.ReadyTag), patience.Token);
            return report.Status != HealthStatus.Unhealthy;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
