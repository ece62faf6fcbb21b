using Granary.Rpc;

namespace Granary.Gateway.Idempotency;

/// <summary>
/// Where it is written which calls have run. An entry's states and who moves them:
/// <code>
///   none      -> running   by Begin: the one caller that gets <see cref="IdempotencyState.Ours"/> is its owner
///   running   -> done      by its owner's End with an outcome
///   running   -> unknown   by its owner's End without one; or by time, when the lease has passed: the owner is taken for dead
///   running   -> none      by its owner's Forget: the call did not run
///   unknown   -> running   by Begin with mayTakeOver
///   any       -> none      when it has been kept for its time
/// </code>
/// Begin, End and Forget are atomic. An End or Forget by someone who is no longer the owner changes nothing. Thread-safe.
/// </summary>
public interface IIdempotencyStore
{
    /// <summary>Takes a call up, or says what is known of it.</summary>
    /// <param name="id">The call.</param>
    /// <param name="fingerprint">Of the call's method, key and arguments.</param>
    /// <param name="owner">Who would run it; never used twice.</param>
    /// <param name="lease">How long it is the owner's, unless it ends before.</param>
    /// <param name="keep">How long the entry is kept from now.</param>
    /// <param name="mayTakeOver">Whether a call of which nobody knows how it ended may run again.</param>
    /// <param name="cancellation">Gives up; then the call may have been taken up.</param>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: the store cannot be reached, or did not answer in time. <see cref="StatusCode.ResourceExhausted"/>: it is full.</exception>
    ValueTask<IdempotencyEntry> BeginAsync(string id, ReadOnlyMemory<byte> fingerprint, string owner, TimeSpan lease, TimeSpan keep, bool mayTakeOver, CancellationToken cancellation);

    /// <summary>Writes how a call ended.</summary>
    /// <param name="id">The call.</param>
    /// <param name="owner">Who ran it.</param>
    /// <param name="outcome">What an equal call is answered by; null when nobody knows how it ended.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: the store cannot be reached, or did not answer in time.</exception>
    ValueTask EndAsync(string id, string owner, ReadOnlyMemory<byte>? outcome, CancellationToken cancellation);

    /// <summary>Takes back that a call was taken up: it did not run.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: the store cannot be reached, or did not answer in time.</exception>
    ValueTask ForgetAsync(string id, string owner, CancellationToken cancellation);
}

/// <summary>What is known of a call.</summary>
public enum IdempotencyState
{
    /// <summary>It has not run; whoever asked runs it now.</summary>
    Ours,

    /// <summary>Someone runs it.</summary>
    Running,

    /// <summary>It has ended; the outcome is there.</summary>
    Done,

    /// <summary>It may have run.</summary>
    Unknown,

    /// <summary>The id belongs to a call with another fingerprint.</summary>
    OtherCall,
}

/// <summary>What is known of a call.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Outcome">Of one that is <see cref="IdempotencyState.Done"/>.</param>
public readonly record struct IdempotencyEntry(IdempotencyState State, ReadOnlyMemory<byte> Outcome = default);
