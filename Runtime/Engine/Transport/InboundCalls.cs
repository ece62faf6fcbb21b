using Granary.Calls;

namespace Granary.Engine.Transport;

/// <summary>
/// The calls that came over one connection and have not ended, by the peer's correlation, so that a cancellation, a credit or the end of the connection finds them.
/// Calls that end before their turn is over are never in it.
/// </summary>
/// <remarks>
/// Whoever completes a call takes it out before the call can be recycled, under the lock; so what is in, while the lock is held, is a living call. Ending a call takes the connection's
/// output lock: that one is inner, never the other way round.
/// </remarks>
internal sealed class InboundCalls
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Call> _calls = [];
    private int _holds;
    private int _count; // noted or being noted; under the lock, but read without
    private bool _closed;
    private TaskCompletionSource? _empty;

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Notes a call that runs on. One that has ended meanwhile is not noted; when the connection has ended, the call ends now.</summary>
    /// <exception cref="FrameException">The peer uses the correlation for two calls at once.</exception>
    internal void Add(Call call)
    {
        lock (_lock)
        {
            // Counted before it is looked at, with a fence between: whoever ends it from here on sees the count, and who did before is seen here.
            Interlocked.Increment(ref _count);
            if (!call.IsClaimed)
            {
                if (_closed)
                {
                    call.OnRemoteCancel();
                }
                else if (_calls.TryAdd(call.Correlation, call))
                {
                    return;
                }
                else
                {
                    // It runs on, but nobody could tell its end from the other's.
                    Interlocked.Decrement(ref _count);
                    call.OnRemoteCancel();
                    throw new FrameException($"the correlation {call.Correlation} is in use by another call");
                }
            }

            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>Something is done for the peer that is no call here; <see cref="Release"/> follows.</summary>
    internal void Hold()
    {
        lock (_lock) _holds++;
    }

    internal void Release()
    {
        TaskCompletionSource? empty;
        lock (_lock) empty = --_holds + _calls.Count == 0 ? _empty : null;
        empty?.TrySetResult();
    }

    /// <summary>A call has been claimed: it is ending.</summary>
    internal void Remove(Call call)
    {
        if (Volatile.Read(ref _count) == 0) return;
        TaskCompletionSource? empty = null;
        lock (_lock)
        {
            if (!_calls.TryGetValue(call.Correlation, out var noted) || !ReferenceEquals(noted, call)) return;
            _calls.Remove(call.Correlation);
            Interlocked.Decrement(ref _count);
            if (_calls.Count + _holds == 0) empty = _empty;
        }

        empty?.TrySetResult();
    }

    /// <summary>The caller gave up: the call ends, and its method is told.</summary>
    internal void Cancel(ulong correlation)
    {
        lock (_lock)
        {
            if (_calls.TryGetValue(correlation, out var call)) call.OnRemoteCancel();
        }
    }

    /// <summary>A stream's consumer has room for more.</summary>
    internal void AddCredits(ulong correlation, int count)
    {
        IStreamCall? stream;
        lock (_lock) stream = _calls.GetValueOrDefault(correlation) as IStreamCall;
        // A stream is never pooled: it may end meanwhile, and remains itself.
        stream?.AddCredits(count);
    }

    /// <summary>The connection has ended: so does every call that came over it, now and later.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var call in _calls.Values.ToArray()) call.OnRemoteCancel();
            _empty?.TrySetResult();
        }
    }

    /// <summary>Completes when no call is in progress, or the connection has ended.</summary>
    internal Task WhenEmpty()
    {
        lock (_lock)
        {
            if (_calls.Count + _holds == 0 || _closed) return Task.CompletedTask;
            return (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
