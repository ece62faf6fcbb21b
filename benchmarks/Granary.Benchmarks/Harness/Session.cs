namespace Granary.Benchmarks.Harness;

/// <summary>One run of <c>./bench</c>: how long it may measure, and what it has found.</summary>
/// <param name="quick">Fewer and shorter rounds, smaller sizes: minutes become seconds and figures become rougher.</param>
internal sealed class Session(bool quick)
{
    internal bool Quick { get; } = quick;

    /// <summary>Measured rounds; their median counts.</summary>
    internal int Rounds => Quick ? 3 : 7;

    /// <summary>How long one round is to take.</summary>
    internal TimeSpan Round => TimeSpan.FromMilliseconds(Quick ? 200 : 600);

    internal List<Figure> Figures { get; } = [];

    /// <summary>Adds a figure and prints it, so that a long run shows that it lives.</summary>
    internal void Add(Figure figure)
    {
        Figures.Add(figure);
        Console.WriteLine($"  {figure.Name}: {figure.Unit.Format(figure.Value)}{(figure.Allocated is { } bytes ? $", {Unit.Bytes.Format(bytes)} allocated" : "")}");
    }

    internal void Add(string benchmark, string name, Measured measured, Peer? peer = null, Budget? budget = null) => Add(new Figure
    {
        Benchmark = benchmark,
        Name = name,
        Unit = measured.Unit,
        Value = measured.Value,
        Low = measured.Low,
        High = measured.High,
        Allocated = measured.Allocated,
        Processor = measured.Processor,
        Slowness = measured.Slowness,
        Peer = peer,
        Budget = budget,
    });
}
