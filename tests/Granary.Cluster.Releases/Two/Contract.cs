using Orleans.CodeGeneration;

namespace Granary.Cluster.Releases;

/// <summary>A basket whose things are counted, in version 2.</summary>
[Version(2)]
public interface IBasketGrain : IGrainWithStringKey
{
    /// <summary>Puts things into it, and stores how many there are.</summary>
    Task<Basket> Add(int things);

    Task<Basket> Read();

    /// <summary>Writes a note to it. Callers of version 1 do not know the method, and their silos neither.</summary>
    Task<Basket> Annotate(string note);

    /// <summary>Ends this activation; the next call is answered by another one, wherever it is placed.</summary>
    Task Leave();
}

/// <summary>A basket as callers see it.</summary>
[GenerateSerializer, Immutable]
public sealed record Basket
{
    [Id(0)]
    public long Things { get; init; }

    /// <summary>The release of the silo that answers.</summary>
    [Id(1)]
    public int Release { get; init; }

    /// <summary>Which release had written the state that this activation began with; 0 where there was none.</summary>
    [Id(2)]
    public int Found { get; init; }

    /// <summary>New in version 2.</summary>
    [Id(3)]
    public string? Note { get; init; }
}

/// <summary>A basket as it is stored.</summary>
[GenerateSerializer]
public sealed record BasketState
{
    [Id(0)]
    public long Things { get; set; }

    /// <summary>The release that wrote it.</summary>
    [Id(1)]
    public int Release { get; set; }

    /// <summary>New in version 2. A silo of release 1 that writes the state drops it.</summary>
    [Id(2)]
    public string? Note { get; set; }
}
