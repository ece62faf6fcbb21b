using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>One method on one silo in the last second.</summary>
/// <param name="CallsPerSecond">Calls begun.</param>
/// <param name="Errors">By the number of the code, a second; null for none.</param>
/// <param name="InFlight">Begun and not ended.</param>
internal sealed record MethodRate(double CallsPerSecond, double[]? Errors, long InFlight)
{
    internal double ErrorsPerSecond { get; } = Errors?.Sum() ?? 0;
}

/// <summary>What is known of one silo while somebody watches: its last answer, and what changed since the one before. The sampler's alone.</summary>
internal sealed class SiloSeries
{
    private readonly Dictionary<int, MethodFigures> _before = [];
    private SiloFigures? _last;
    private bool _hadMethods;

    /// <summary>The answer under way; null between two.</summary>
    internal Task<SiloAnswer>? Pull { get; set; }

    /// <summary>When it was asked, timestamp.</summary>
    internal long AskedAt { get; set; }

    /// <summary>Whether its last question was answered in time.</summary>
    internal bool Answers { get; set; }

    /// <summary>Why it was not, for people.</summary>
    internal string? Problem { get; set; }

    /// <summary>The last answer, for as long as the silo answers.</summary>
    internal SiloAnswer? Answer { get; private set; }

    /// <summary>Whose numbers <see cref="Names"/> are.</summary>
    internal string Epoch => _last?.Epoch ?? "";

    internal List<MethodName> Names { get; } = [];

    /// <summary>All methods together.</summary>
    internal MethodRate? Total { get; private set; }

    internal DurationWindow Durations { get; } = new();

    /// <summary>By method number.</summary>
    internal Dictionary<int, MethodRate> Methods { get; } = [];

    /// <summary>Takes an answer in; the durations of each method go to <paramref name="durations"/>.</summary>
    internal void Take(SiloAnswer answer, Func<MethodName, DurationWindow> durations, Action<EdgeFigures, EdgeFigures?> edge)
    {
        var figures = answer.Figures;
        if (_last?.Epoch != figures.Epoch)
        {
            // Another process at this address, or the first answer: nothing to compare with.
            _last = null;
            _hadMethods = false;
            _before.Clear();
            Names.Clear();
        }

        if (figures.FirstName == Names.Count) Names.AddRange(figures.Names);
        Durations.Age();
        var seconds = _last is null ? 0 : (figures.Ticks - _last.Ticks) / 1000.0;
        if (seconds > 0 && figures.Total is { } total && _last!.Total is { } before)
        {
            Total = Rate(total, before, seconds);
            Durations.Add(total.Durations, before.Durations);
        }

        if (figures.Methods.Count > 0)
        {
            Methods.Clear();
            foreach (var method in figures.Methods.Where(m => (uint)m.Number < (uint)Names.Count))
            {
                var earlier = _before.GetValueOrDefault(method.Number);
                if (_hadMethods && seconds > 0)
                {
                    Methods[method.Number] = Rate(method, earlier, seconds);
                    durations(Names[method.Number]).Add(method.Durations, earlier?.Durations);
                }

                _before[method.Number] = method;
            }
        }

        if (figures.Edges.Count > 0)
        {
            var earlier = _last?.Edges.ToDictionary(e => (e.From, e.To)) ?? [];
            if (earlier.Count > 0)
            {
                foreach (var now in figures.Edges) edge(now, earlier.GetValueOrDefault((now.From, now.To)));
            }
        }

        _hadMethods = figures.Methods.Count > 0;
        _last = figures;
        Answer = answer;
        Answers = true;
        Problem = null;
    }

    /// <summary>It did not answer in time, or with an error: what is no longer known is not shown.</summary>
    internal void Miss(string problem)
    {
        Answers = false;
        Problem = problem;
        Answer = null;
        Total = null;
        Methods.Clear();
    }

    private static MethodRate Rate(MethodFigures now, MethodFigures? before, double seconds)
    {
        double[]? errors = null;
        for (var code = 0; code < now.Errors.Count; code++)
        {
            var failed = now.Errors[code] - (before is not null && code < before.Errors.Count ? before.Errors[code] : 0);
            if (failed > 0) (errors ??= new double[now.Errors.Count])[code] = failed / seconds;
        }

        return new MethodRate(Math.Max(0, now.Begun - (before?.Begun ?? 0)) / seconds, errors, Math.Max(0, now.Begun - now.Ended));
    }
}

/// <summary>A silo's answer, with what had to be asked elsewhere where its engine does not tell by itself.</summary>
/// <param name="Figures">What it counts.</param>
/// <param name="Load">How loaded it is.</param>
/// <param name="Classes">What is in memory there.</param>
internal sealed record SiloAnswer(SiloFigures Figures, MemberLoad? Load, IReadOnlyList<ClassFigures> Classes);
