using Granary.Certificates;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Tls;

/// <summary>Takes up changed certificate files also while nobody connects, and says twice a day when the certificate ends soon or a revocation list is old.</summary>
internal sealed class CertificateWatch(EdgeTls tls, TimeProvider time, ILogger<EdgeTls> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_sayAgain = TimeSpan.FromHours(12);

    private ITimer? _timer;
    private CertificateSet? _seen;
    private long _said;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (tls.Current is null) return Task.CompletedTask;
        Look();
        _timer = time.CreateTimer(static watch => ((CertificateWatch)watch!).Look(), this, s_period, s_period);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (tls.Current is not { } set) return;
        var timestamp = time.GetTimestamp();
        if (ReferenceEquals(set, _seen) && time.GetElapsedTime(_said, timestamp) < s_sayAgain) return;
        (_seen, _said) = (set, timestamp);
        var now = time.GetUtcNow();
        if (set.EndsSoon(now)) TlsLog.CertificateEnds(log, set.Certificate.Subject, set.Certificate.NotAfter.ToUniversalTime());
        foreach (var list in set.Revoked.Where(list => list.NextUpdate < now)) TlsLog.ListIsOld(log, list.Issuer, list.NextUpdate!.Value.UtcDateTime);
    }
}
