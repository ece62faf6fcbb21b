namespace Granary.Cli.Contract;

/// <summary>What was probably meant.</summary>
internal static class Nearest
{
    /// <summary>What goes between the mistake and what to do: <c>; did you mean 'calculator'?</c>, or only <c>;</c> when no name is near.</summary>
    public static string Hint(string text, IEnumerable<string> names)
    {
        var all = names.Distinct(StringComparer.Ordinal).ToArray();
        if (text.Length > 1 && all.Where(n => n.StartsWith(text, StringComparison.OrdinalIgnoreCase)).ToArray() is [var only]) return $"; did you mean '{only}'?";
        var best = all.Select(name => (name, Distance: Distance(text.ToUpperInvariant(), name.ToUpperInvariant()))).MinBy(n => n.Distance);
        return best.name is not null && best.Distance <= Math.Max(1, text.Length / 3) ? $"; did you mean '{best.name}'?" : ";";
    }

    // Of Levenshtein, a row at a time.
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
