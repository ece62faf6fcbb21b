using Granary.Rpc;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>Asks silos for their figures. Thread-safe.</summary>
/// <param name="statistics">The grain of a silo that tells them.</param>
/// <param name="grains">For what an engine's own grains tell.</param>
/// <param name="inspector">For what the engine tells.</param>
/// <param name="time">The clock.</param>
internal sealed class SiloSource(Func<SiloAddress, ISiloStatistics> statistics, IGrainFactory grains, IClusterInspector inspector, TimeProvider time)
{
    /// <summary>A silo that needs longer is shown as not answering.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>One silo's figures.</summary>
    /// <exception cref="Exception">It did not answer in time.</exception>
    internal async Task<SiloAnswer> ReadAsync(SiloAddress silo, SiloQuestion question)
    {
        // Off the sampler's thread from the start: a silo in this process answers on its caller's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var deadline = RpcDeadline.Within(Patience);
        var figures = await statistics(silo).Read(question).WaitAsync(Patience, time);
        if (figures.Load is { } load)
        {
            return new SiloAnswer(
                figures,
                new MemberLoad(load.Activations, load.Clients, load.IsOverloaded, load.Cpu, load.Memory, load.QueueDelayMs < 0 ? null : TimeSpan.FromMilliseconds(load.QueueDelayMs))
                {
                    Suspects = [.. load.Suspects.Select(SiloAddress.FromParsableString)],
                },
                figures.Classes);
        }

        // An engine that does not tell by itself.
        var asked = await inspector.LoadAsync(silo).WaitAsync(Patience, time);
        if (question.Grains == 0) return new SiloAnswer(figures, asked, []);
        var classes = await grains.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics([silo]).WaitAsync(Patience, time);
        return new SiloAnswer(figures, asked, [.. classes.Select(c => new ClassFigures { GrainType = c.GrainType, ClassName = c.GrainType, Activations = c.ActivationCount })]);
    }

    /// <summary>What a grain does on the silo it is in memory on; null when it is on none.</summary>
    internal async Task<(SiloAddress Silo, GrainFigures Figures)?> LookAsync(GrainId grain)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var deadline = RpcDeadline.Within(Patience);
        if (await inspector.FindAsync(grain).WaitAsync(Patience, time) is not { } found) return null;
        return (found.Silo, await statistics(found.Silo).Look(grain.ToString()).WaitAsync(Patience, time));
    }
}
