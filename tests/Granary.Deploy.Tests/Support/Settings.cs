using System.Globalization;
using System.Text.RegularExpressions;

namespace Granary.Deploy.Tests.Support;

/// <summary>The settings that docs/configuration.md tells, which another test compares with the classes they are bound to.</summary>
internal static partial class Settings
{
    private static readonly Dictionary<string, string> s_rows = Rows();

    /// <summary>What is wrong with the name of an environment variable; null when it is no setting of ours, or one that exists.</summary>
    internal static string? Problem(string variable)
    {
        if (!variable.StartsWith("Granary__", StringComparison.OrdinalIgnoreCase)) return null;
        var path = variable.Split("__").Where(part => !int.TryParse(part, CultureInfo.InvariantCulture, out _)).ToArray();
        if (s_rows.Keys.Any(row => Fits(row.Split(':'), path))) return null;

        // A dictionary may be told in one row, with what its entries hold: ApiKeys:{name}:Subject.
        if (path.Length > 2 && s_rows.FirstOrDefault(row => Fits(row.Key.Split(':'), path[..^2])) is { Value: { } text } && text.Contains($"`{path[^1]}`", StringComparison.Ordinal)) return null;
        return $"{variable} is not in docs/configuration.md";
    }

    private static bool Fits(string[] row, string[] path) => row.Length == path.Length && row.Zip(path).All(p => p.First == "{name}" || p.First == p.Second);

    private static Dictionary<string, string> Rows() =>
        Row().Matches(Repository.Read("docs/configuration.md")).GroupBy(m => m.Groups["name"].Value).ToDictionary(g => g.Key, g => g.First().Groups["rest"].Value, StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z][\w:{}]*)` \|(?<rest>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
