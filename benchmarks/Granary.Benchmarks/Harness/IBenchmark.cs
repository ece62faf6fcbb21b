namespace Granary.Benchmarks.Harness;

/// <summary>A named group of figures.</summary>
internal interface IBenchmark
{
    /// <summary>What <c>./bench NAME</c> selects it by.</summary>
    string Name { get; }

    /// <summary>One line that says what is measured.</summary>
    string About { get; }

    /// <summary>Measures, and adds its figures to <see cref="Session.Figures"/>.</summary>
    Task RunAsync(Session session);
}

/// <summary>A benchmark cannot run here; the message says what is missing. The others go on.</summary>
internal sealed class CannotMeasureException(string message) : Exception(message);
