using System.Diagnostics.Metrics;
using Granary.Rpc;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Audit;

/// <summary>Tells every entry to the log, and keeps it in the store.</summary>
internal sealed partial class AuditLog : IAuditLog
{
    private readonly IAuditStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLog> _log;
    private readonly Counter<long> _failures;

    public AuditLog(IAuditStore store, TimeProvider time, IMeterFactory meters, ILogger<AuditLog> log)
    {
        _store = store;
        _time = time;
        _log = log;
        _failures = meters.Create(GatewayTelemetry.MeterName).CreateCounter<long>("granary.gateway.audit.failures", "{entry}", "Entries of the audit log that are log events only, since they could not be stored.");
    }

    public async ValueTask RecordAsync(AuditEntry entry, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(entry);
        entry = entry with
        {
            Time = _time.GetUtcNow(),
            Action = Clean(entry.Action, 64),
            Target = Clean(entry.Target, 256),
            Result = Clean(entry.Result, 32),
            Actor = Clean(entry.Actor, 256),
            Address = Clean(entry.Address, 64),
            TraceId = Clean(entry.TraceId, 64),
            Detail = Clean(entry.Detail, 512),
        };
        LogEntry(_log, entry.Action, entry.Target, entry.Result, entry.Actor, entry.Address, entry.TraceId, entry.Detail);
        try
        {
            await _store.AppendAsync(entry, cancellation);
        }
        catch (RpcException error)
        {
            _failures.Add(1);
            LogNotStored(_log, entry.Action, entry.TraceId, error.Message);
            throw;
        }
    }

    public ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation) => limit is < 1 or > 1000
        ? throw RpcException.Invalid("limit", "must be 1 to 1000")
        : _store.ReadAsync(before, limit, cancellation);

    // Callers choose some of these texts: no line of theirs is to look like another entry, and none is to fill the log.
    private static string Clean(string text, int most)
    {
        if (text.Length > most) text = text[..most];
        return text.Any(char.IsControl) ? string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++) to[i] = char.IsControl(from[i]) ? '\uFFFD' : from[i];
        }) : text;
    }

    [LoggerMessage(20, LogLevel.Information, "Audit: {Action} of {Target} by {Actor} from {Address}: {Result}. {Detail} Trace {TraceId}.")]
    private static partial void LogEntry(ILogger log, string action, string target, string result, string actor, string address, string traceId, string detail);

    [LoggerMessage(21, LogLevel.Error, "The audit entry {Action} of trace {TraceId} could not be stored; the log event before this one is all there is of it. {Problem}")]
    private static partial void LogNotStored(ILogger log, string action, string traceId, string problem);
}
