using Granary.Rpc;

namespace Granary.Gateway.Audit;

/// <summary>What those who run this service have done. Append-only: nothing here changes or removes an entry. Thread-safe.</summary>
public interface IAuditLog
{
    /// <summary>Appends an entry. It is a log event in any case, also when the rest fails.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: where the log is kept cannot be reached, and the log event is all there is.</exception>
    ValueTask RecordAsync(AuditEntry entry, CancellationToken cancellation = default);

    /// <summary>The latest entries, the last one first.</summary>
    /// <param name="before">The <see cref="AuditEntry.Id"/> of the entry behind the page; null for the end of the log.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException"><see cref="StatusCode.InvalidArgument"/>: <paramref name="before"/> is no such id. <see cref="StatusCode.Unavailable"/>: the log cannot be read.</exception>
    ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation = default);
}

/// <summary>Where the entries are kept: in this process, or shared with the other gateways. Thread-safe.</summary>
public interface IAuditStore
{
    /// <summary>Appends an entry whose texts are short and clean already.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>.</exception>
    ValueTask AppendAsync(AuditEntry entry, CancellationToken cancellation);

    /// <inheritdoc cref="IAuditLog.ReadAsync"/>
    ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation);
}
