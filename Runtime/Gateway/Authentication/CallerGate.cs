using Granary.Gateway.Blocking;
using Granary.Rpc;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Whether a caller who has proven who it is may still come in: neither is the token revoked nor the subject blocked. Costs one comparison for a caller that passed since the lists last changed: time alone only
/// ever opens. Thread-safe.
/// </summary>
internal sealed class CallerGate
{
    public const string RevokedReason = "REVOKED";

    private readonly Revocations _revocations;
    private readonly BlockList _blocks;
    private readonly GatewayInstruments _instruments;
    private volatile object _state = new();

    public CallerGate(Revocations revocations, BlockList blocks, GatewayInstruments instruments)
    {
        _revocations = revocations;
        _blocks = blocks;
        _instruments = instruments;
        Loaded = Task.WhenAll(revocations.Loaded, blocks.Loaded);
        revocations.Changed += OnChanged;
        blocks.Changed += OnChanged;
    }

    /// <summary>Raised, on any thread, when somebody who has passed might not pass again.</summary>
    public event Action? Changed;

    /// <summary>Completes when the lists are known; until then nobody with credentials passes.</summary>
    public Task Loaded { get; }

    /// <summary>Why the caller is refused, or null.</summary>
    public RpcException? Refusal(CallerIdentity caller)
    {
        // Read before the lists: what changes meanwhile is looked at again.
        var state = _state;
        if (ReferenceEquals(caller.PassedAt, state) || !caller.IsAuthenticated) return null;
        if (_revocations.Contains(caller))
        {
            _instruments.Refuse("revoked");
            return new RpcException(StatusCode.Unauthenticated, "the token was revoked") { Reason = RevokedReason };
        }

        if (_blocks.RefusalOf(caller) is { } blocked)
        {
            _instruments.Refuse("blocked_subject");
            return blocked;
        }

        caller.PassedAt = state;
        return null;
    }

    private void OnChanged()
    {
        _state = new object();
        Changed?.Invoke();
    }
}
