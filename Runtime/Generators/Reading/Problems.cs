using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Collects what is wrong with a contract. The generator only asks whether there was anything; the analyzer reports it.</summary>
internal sealed class Problems
{
    private readonly List<Diagnostic> _all = [];

    public IReadOnlyList<Diagnostic> All => _all;

    /// <summary>Rises with every problem: a model read while it rose is not complete.</summary>
    public int Count { get; private set; }

    public void Add(DiagnosticDescriptor rule, Location? where, params object[] words)
    {
        Count++;
        _all.Add(Diagnostic.Create(rule, where ?? Location.None, words));
    }

    /// <summary>Something is wrong that is reported where it stands, which is not here.</summary>
    public void AddReportedElsewhere() => Count++;
}
