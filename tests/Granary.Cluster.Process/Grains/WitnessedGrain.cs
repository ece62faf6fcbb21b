using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Grains;

/// <summary>A grain whose activations and turns are told to the witness, which is outside the engine.</summary>
public abstract class WitnessedGrain(Witness witness) : Grain
{
    private Claim _claim;

    /// <summary>Which activation this is.</summary>
    protected Place Place => new() { Silo = GrainContext.Address.SiloAddress!.ToParsableString(), Token = _claim.Token };

    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _claim = await witness.ClaimAsync(GrainContext.GrainId.ToString(), GrainContext.Address.SiloAddress!.ToParsableString());

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => witness.GoneAsync(_claim);

    /// <summary>The first step of every call: once it is done, the witness knows that this activation was executing at this time.</summary>
    protected Task EnterAsync() => witness.EnterAsync(_claim);
}
