using Granary.Generators.Model;
using Granary.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Granary.Generators.Lock;

/// <summary>Compares the contracts with contracts.lock.</summary>
internal static class LockCheck
{
    private const int MostLinesShown = 12;

    public static IEnumerable<Diagnostic> Check(EquatableArray<Fact> facts, AnalyzerOptions options, CancellationToken cancellation)
    {
        var file = LockFile.Find(options.AdditionalFiles);
        var global = options.AnalyzerConfigOptionsProvider.GlobalOptions;
        if (!LockSettings.IsKept(global, file is not null)) return [];
        return Check(facts, file?.Path, file?.GetText(cancellation), LockSettings.IsUpdate(global));
    }

    /// <summary>What is wrong between the facts and the file, or its absence.</summary>
    /// <param name="facts">What the contracts say now.</param>
    /// <param name="path">The file's path.</param>
    /// <param name="text">The file's text; null without a file.</param>
    /// <param name="updating">Whether this build writes what is new into the file.</param>
    public static IEnumerable<Diagnostic> Check(EquatableArray<Fact> facts, string? path, SourceText? text, bool updating)
    {
        var problems = new Problems();
        var file = LockFile.Parse(text);
        foreach (var (line, content, problem) in file.Errors) problems.Add(Rules.LockSyntax, At(line), line + 1, content, problem);

        var current = facts.ToDictionary(f => f.Key, StringComparer.Ordinal);
        foreach (var (locked, line) in file.Facts.Values.OrderBy(f => f.Line))
        {
            var now = current.TryGetValue(locked.Key, out var fact) ? fact.Value : null;
            if (now == locked.Value || file.FindBreak(locked, now) is not null) continue;
            var change = now is null ? $"Removing '{locked.Line}'" : $"Changing '{locked.Line}' to '{now}'";
            problems.Add(Rules.Breaking, At(line), change, " " + LockFile.BreakLine(locked, now));
        }

        foreach (var fact in facts.Where(f => f.IsNumbered && !file.Facts.ContainsKey(f.Key)))
        {
            if (file.Breaks.FirstOrDefault(b => b.New is null && b.Old.Key == fact.Key) is { } removal)
                problems.Add(Rules.Reused, Location.None, fact.Line, removal.Old.Line, NextFree(fact, facts, file));
        }

        if (updating) return problems.All;
        var missing = facts.Where(f => !file.Facts.ContainsKey(f.Key)).Select(f => f.Line).ToArray();
        if (missing.Length > 0)
        {
            var what = text is null ? $"There is no contracts.lock, and {missing.Length} lines belong in it" : missing.Length == 1 ? "1 line is missing" : $"{missing.Length} lines are missing";
            var shown = string.Concat(missing.Take(MostLinesShown).Select(l => $" '{l}'"));
            problems.Add(Rules.LockMissing, text is null ? Location.None : At(0), what, missing.Length > MostLinesShown ? $"{shown} and {missing.Length - MostLinesShown} more" : shown);
        }

        return problems.All;

        Location At(int line) => path is null || text is null || line >= text.Lines.Count
            ? Location.None
            : Location.Create(path, text.Lines[line].Span, text.Lines.GetLinePositionSpan(text.Lines[line].Span));
    }

    /// <summary>The lowest number above all that are or were used by the same owner; ids are one lower than field numbers.</summary>
    private static string NextFree(Fact fact, EquatableArray<Fact> facts, LockFile file)
    {
        var owner = Owner(fact.Key);
        var next = 1 + facts.Select(f => f.Key).Concat(file.Facts.Keys).Concat(file.Breaks.Select(b => b.Old.Key)).Where(k => Owner(k) == owner).Select(Number).DefaultIfEmpty(0).Max();
        return fact.Key.StartsWith("message ", StringComparison.Ordinal) ? $"field {next}, which is [Id({next - 1})]" : next.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Owner(string key) => key.Substring(0, key.LastIndexOf(' '));

    private static long Number(string key) => long.TryParse(key.Substring(key.LastIndexOf(' ') + 1), out var number) ? number : 0;
}

/// <summary>What the project says about its lock.</summary>
internal static class LockSettings
{
    /// <summary>Whether there must be a lock: by the property ContractsLock, or because there is one.</summary>
    public static bool IsKept(AnalyzerConfigOptions options, bool exists) => options.TryGetValue("build_property.ContractsLock", out var kept) && kept.Length > 0 ? string.Equals(kept, "true", StringComparison.OrdinalIgnoreCase) : exists;

    /// <summary>Whether this build writes the lock.</summary>
    public static bool IsUpdate(AnalyzerConfigOptions options) => options.TryGetValue("build_property.UpdateContractsLock", out var update) && string.Equals(update, "true", StringComparison.OrdinalIgnoreCase);
}

internal static class TextLineExtensions
{
    public static LinePositionSpan GetLinePositionSpan(this TextLineCollection lines, TextSpan span) => new(lines.GetLinePosition(span.Start), lines.GetLinePosition(span.End));
}
