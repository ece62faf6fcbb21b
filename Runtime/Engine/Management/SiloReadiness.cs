using Granary.Engine.Membership;
using Granary.Rpc.Cluster;
using Orleans.Runtime;

namespace Granary.Engine.Management;

/// <summary>Ready: its row is Active in the view it has, and its lease is renewed.</summary>
internal sealed class SiloReadiness(SiloCore silo, LivenessAgent liveness) : ISiloReadiness
{
    public string? Problem
    {
        get
        {
            var own = silo.View.Silos.FirstOrDefault(s => s.Address.Equals(silo.Address));
            if (own is null) return $"The silo {silo.Address} has not joined its cluster.";
            if (own.Status != SiloStatus.Active) return $"The silo {silo.Address} is {own.Status}.";
            return liveness.IsLeaseHeld ? null : $"The silo {silo.Address} cannot renew its lease: the membership table is out of reach, or the silo was declared dead.";
        }
    }
}
