namespace Granary.Hosting.Settings;

/// <summary>Guesses which setting was meant.</summary>
internal static class NearestSetting
{
    /// <summary>The known path that is most like the one written; null when none is much like it. The same name in another section is very much like it.</summary>
    internal static string? Of(string written, IEnumerable<string> known)
    {
        var name = Last(written);
        string? best = null;
        var least = int.MaxValue;
        foreach (var path in known)
        {
            var distance = Math.Min(Distance(written, path), (3 * Distance(name, Last(path))) + 2);
            if (distance >= least) continue;
            least = distance;
            best = path;
        }

        return least <= Math.Max(3, name.Length / 2) ? best : null;
    }

    private static string Last(string path) => path[(path.LastIndexOf(':') + 1)..];

    /// <summary>How many letters to insert, remove or replace (Levenshtein), without case.</summary>
    private static int Distance(string from, string to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++) row[j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var above = row[j];
                var same = char.ToUpperInvariant(from[i - 1]) == char.ToUpperInvariant(to[j - 1]);
                row[j] = Math.Min(Math.Min(above + 1, row[j - 1] + 1), diagonal + (same ? 0 : 1));
                diagonal = above;
            }
        }

        return row[to.Length];
    }
}
