using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Granary.Telemetry.Prometheus;

/// <summary>
/// Answers scrapes: OpenTelemetry collects when it is asked, and the points are written straight into the answer's buffer.
/// Scrapes run one after another; a slow reader holds up nobody, because the buffer is its own by then.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter(ILogger<PrometheusExporter> logger) : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly SemaphoreSlim _oneScrape = new(1, 1);
    private readonly FamilyTable _families = new(logger);
    private ExpositionBuffer? _buffer;
    private ExpositionFormat _format;

    /// <summary>Set by the reader: collects and calls <see cref="Export"/>.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>All metrics as text. The caller disposes the buffer.</summary>
    /// <exception cref="InvalidOperationException">The collection failed; OpenTelemetry has logged why.</exception>
    internal async ValueTask<ExpositionBuffer> ScrapeAsync(ExpositionFormat format, CancellationToken cancellation)
    {
        await _oneScrape.WaitAsync(cancellation);
        var buffer = new ExpositionBuffer();
        try
        {
            _buffer = buffer;
            _format = format;
            if (Collect is not { } collect || !collect(Timeout.Infinite)) throw new InvalidOperationException("The metrics could not be collected.");
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
        finally
        {
            _buffer = null;
            _oneScrape.Release();
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        // Nobody asked: the last collection, when the process ends.
        if (_buffer is not { } buffer) return ExportResult.Success;
        _families.Set(in batch);
        var writer = new ExpositionWriter(buffer, _format);
        writer.WriteTarget(ParentProvider?.GetResource() ?? Resource.Empty);
        foreach (var family in _families.Families) writer.WriteFamily(family);
        writer.WriteEnd();
        return ExportResult.Success;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _oneScrape.Dispose();
        base.Dispose(disposing);
    }
}
