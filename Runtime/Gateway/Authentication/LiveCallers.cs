using System.Collections.Concurrent;
using System.Net;
using Granary.Gateway.Blocking;
using Granary.Rpc;

namespace Granary.Gateway.Authentication;

/// <summary>Who has a stream or a connection open, so that it ends when they are revoked or blocked. Thread-safe.</summary>
internal sealed class LiveCallers
{
    private readonly ConcurrentDictionary<Entry, bool> _entries = new();
    private readonly CallerGate _gate;
    private readonly BlockList _blocks;

    public LiveCallers(CallerGate gate, BlockList blocks)
    {
        _gate = gate;
        _blocks = blocks;
        gate.Changed += Look;
    }

    /// <summary>From now until it is disposed of, <paramref name="end"/> is called, perhaps more than once and on any thread, when the caller must go.</summary>
    public IDisposable Add(CallerIdentity caller, IPAddress? address, Action<RpcException> end)
    {
        var entry = new Entry(this, caller, address, end);
        _entries[entry] = true;

        // What was revoked between the caller's passing and now.
        Look(entry);
        return entry;
    }

    private void Look()
    {
        foreach (var (entry, _) in _entries) Look(entry);
    }

    private void Look(Entry entry)
    {
        if ((_gate.Refusal(entry.Caller) ?? _blocks.RefusalOf(entry.Address)) is { } refusal) entry.End(refusal);
    }

    private sealed class Entry(LiveCallers owner, CallerIdentity caller, IPAddress? address, Action<RpcException> end) : IDisposable
    {
        public CallerIdentity Caller { get; } = caller;

        public IPAddress? Address { get; } = address;

        public Action<RpcException> End { get; } = end;

        public void Dispose() => owner._entries.TryRemove(this, out _);
    }
}
