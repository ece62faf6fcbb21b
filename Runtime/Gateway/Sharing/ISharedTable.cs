using System.Collections.Immutable;
using Granary.Rpc;

namespace Granary.Gateway.Sharing;

/// <summary>
/// A small table that all gateways of a service have in common: revocations, API keys, blocks. Every gateway has a copy of its own, at most about a second old, so that looking something up never waits.
/// What cannot be fetched leaves the copy as it is: what was closed stays closed. Thread-safe.
/// </summary>
public interface ISharedTable
{
    /// <summary>The rows as this gateway knows them. A row may be there a little longer than it is valid: look at <see cref="SharedRow.Expires"/>.</summary>
    ImmutableDictionary<string, SharedRow> Rows { get; }

    /// <summary>Completes when the rows have been fetched for the first time; until then they say nothing.</summary>
    Task Loaded { get; }

    /// <summary>Raised, on any thread, when <see cref="Rows"/> has changed.</summary>
    event Action? Changed;

    /// <summary>Writes a row. When this returns, this gateway's copy has it.</summary>
    /// <param name="id">1 to 512 characters.</param>
    /// <param name="value">Up to 16 KB.</param>
    /// <param name="lifetime">How long it stays; null for ever.</param>
    /// <param name="expected">The value it must have now; empty: there must be no such row; null: whatever it is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException"><see cref="StatusCode.Aborted"/>: it is not as expected. <see cref="StatusCode.ResourceExhausted"/>: the table is full. <see cref="StatusCode.Unavailable"/>: it cannot be reached.</exception>
    ValueTask SetAsync(string id, string value, TimeSpan? lifetime, string? expected, CancellationToken cancellation);

    /// <summary>Removes a row; false when there is none.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: it cannot be reached.</exception>
    ValueTask<bool> RemoveAsync(string id, CancellationToken cancellation);
}

/// <summary>A row.</summary>
/// <param name="Value">What it says.</param>
/// <param name="Expires">Until when, by this host's clock; <see cref="DateTimeOffset.MaxValue"/> for ever.</param>
public readonly record struct SharedRow(string Value, DateTimeOffset Expires);

/// <summary>The tables of this host. Thread-safe.</summary>
public interface ISharedTables
{
    /// <summary>The table of that name; the same one each time.</summary>
    /// <param name="name">Lower-case letters.</param>
    /// <param name="capacity">How many rows it may have.</param>
    ISharedTable Get(string name, int capacity);
}
