using Granary.Engine.Activations;
using Granary.Engine.Membership;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Granary.Engine.Directory;

/// <summary>Keeps the grain directory right when silos die and when its store loses what it held.</summary>
internal sealed partial class DirectoryUpkeep(SiloCore silo, IGrainDirectory directory, ILogger<DirectoryUpkeep> logger)
{
    /// <summary>
    /// Registers everything this silo holds again, after the store was lost. Grains that another silo has registered meanwhile go from here. Only once every silo that was alive has done so can grains that
    /// nobody holds be registered.
    /// </summary>
    /// <exception cref="DirectoryUnavailableException">Not now; to be repeated.</exception>
    internal async Task RestoreAsync(CancellationToken cancellation)
    {
        if (directory is not IRestorableDirectory restorable) return;
        // What leaves is still registered, until it has left.
        List<GrainAddress> mine = [.. silo.Table.All().Where(a => a.Class.UsesDirectory && a.State is > ActivationState.Creating and < ActivationState.Gone).Select(a => a.Address)];
        var taken = await restorable.RestoreAsync(mine, cancellation);
        foreach (var other in taken)
        {
            if (silo.Table.Find(other.GrainId) is not { } activation) continue;
            LogTaken(logger, other.GrainId, other.SiloAddress);
            activation.RequestDeactivation(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, $"{other.SiloAddress} has registered the grain after the directory was lost."));
        }

        await restorable.CompleteRestoreAsync(cancellation);
        LogRestored(logger, mine.Count);
    }

    /// <summary>Silos have died: one of the living takes their entries out. Each entry is overwritten on demand anyway.</summary>
    internal void Clean(MembershipView view, IReadOnlyList<SiloAddress> dead)
    {
        if (dead.Count == 0 || view.Active.IsEmpty || !view.Active[0].Address.Equals(silo.Address)) return;
        _ = CleanAsync([.. dead]);
    }

    [LoggerMessage(1101, LogLevel.Warning, "The grain {Grain} has been activated on {Silo} while the directory was lost; the activation here ends.")]
    private static partial void LogTaken(ILogger logger, GrainId grain, SiloAddress? silo);

    [LoggerMessage(1102, LogLevel.Information, "{Count} activations of this silo are registered again.")]
    private static partial void LogRestored(ILogger logger, int count);

    [LoggerMessage(1103, LogLevel.Debug, "The directory entries of dead silos could not be taken out; they are overwritten when their grains are called.")]
    private static partial void LogCleanFailed(ILogger logger, Exception error);

    private async Task CleanAsync(List<SiloAddress> dead)
    {
        try
        {
            await directory.UnregisterSilos(dead);
        }
        catch (Exception error)
        {
            LogCleanFailed(logger, error);
        }
    }
}
