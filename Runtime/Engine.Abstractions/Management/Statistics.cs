using Orleans.Statistics;

namespace Orleans.Runtime;

/// <summary>A silo's load at one instant.</summary>
[GenerateSerializer]
[Immutable]
public sealed class SiloRuntimeStatistics
{
    internal SiloRuntimeStatistics()
    {
    }

    /// <summary>Activations on the silo.</summary>
    [Id(0)]
    public int ActivationCount { get; internal init; }

    /// <summary>Of these, how many were used recently.</summary>
    [Id(1)]
    public int RecentlyUsedActivationCount { get; internal init; }

    /// <summary>Whether the silo refuses work.</summary>
    [Id(2)]
    public bool IsOverloaded { get; internal init; }

    /// <summary>Connected clients.</summary>
    [Id(3)]
    public long ClientCount { get; internal init; }

    /// <summary>Messages received since the start.</summary>
    [Id(4)]
    public long ReceivedMessages { get; internal init; }

    /// <summary>Messages sent since the start.</summary>
    [Id(5)]
    public long SentMessages { get; internal init; }

    /// <summary>When this was measured, UTC.</summary>
    [Id(6)]
    public DateTime DateTime { get; internal init; }

    [Id(7)]
    public EnvironmentStatistics EnvironmentStatistics { get; internal init; }

    public override string ToString() =>
        FormattableString.Invariant(
            $"{ActivationCount} activations ({RecentlyUsedActivationCount} used recently), {ClientCount} clients, overloaded: {IsOverloaded}, {EnvironmentStatistics}");
}

/// <summary>How many activations of a grain type a silo has.</summary>
[GenerateSerializer]
[Immutable]
public sealed class SimpleGrainStatistic
{
    [Id(0)]
    public string GrainType { get; init; } = "";

    [Id(1)]
    public SiloAddress SiloAddress { get; init; } = SiloAddress.Zero;

    [Id(2)]
    public int ActivationCount { get; init; }

    public override string ToString() => FormattableString.Invariant($"{GrainType} on {SiloAddress}: {ActivationCount}");
}

/// <summary>One activation: which grain, on which silo.</summary>
[GenerateSerializer]
[Immutable]
public sealed class DetailedGrainStatistic
{
    [Id(0)]
    public string GrainType { get; init; } = "";

    [Id(1)]
    public SiloAddress SiloAddress { get; init; } = SiloAddress.Zero;

    [Id(2)]
    public GrainId GrainId { get; init; }
}

/// <summary>The states of a silo's life in the member list.</summary>
[GenerateSerializer]
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None = 0,

    /// <summary>Made, not started.</summary>
    Created = 1,

    /// <summary>Started, not yet serving.</summary>
    Joining = 2,

    /// <summary>Serving.</summary>
    Active = 3,

    /// <summary>Finishing its work before it leaves.</summary>
    ShuttingDown = 4,

    /// <summary>Leaving without finishing.</summary>
    Stopping = 5,

    /// <summary>Gone for good: this generation never comes back.</summary>
    Dead = 6,
}

/// <summary>Questions about a <see cref="SiloStatus"/>.</summary>
public static class SiloStatusExtensions
{
    /// <summary>True for a silo that leaves or has left.</summary>
    public static bool IsTerminating(this SiloStatus siloStatus) => siloStatus is SiloStatus.ShuttingDown or SiloStatus.Stopping or SiloStatus.Dead;
}

/// <summary>Who this silo is.</summary>
public interface ILocalSiloDetails
{
    string Name { get; }

    string ClusterId { get; }

    string DnsHostName { get; }

    SiloAddress SiloAddress { get; }

    SiloAddress GatewayAddress { get; }
}
