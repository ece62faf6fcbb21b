using System.Text.RegularExpressions;

namespace Granary.Deploy.Tests.Support;

/// <summary>As much of PromQL as it takes to find the metrics of a query.</summary>
internal static partial class Promql
{
    /// <summary>The metrics a query reads.</summary>
    internal static IEnumerable<string> Metrics(string query)
    {
        // A name that is a pattern stands for what it could be.
        foreach (Match pattern in NamePattern().Matches(query))
        {
            foreach (var choice in pattern.Groups["choices"].Value.Split('|')) yield return pattern.Groups["before"].Value + choice + pattern.Groups["after"].Value;
        }

        var bare = Grouping().Replace(Labels().Replace(query, ""), "");
        foreach (var name in Name().Matches(bare).Select(m => m.Value).Distinct()) yield return name;
    }

    [GeneratedRegex("""__name__=~"(?<before>\w+)\((?<choices>[\w|]+)\)(?<after>\w+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\{[^}]*\}", RegexOptions.None, 1000)]
    private static partial Regex Labels();

    [GeneratedRegex(@"\b(by|without|on|ignoring)\s*\([^)]*\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\b((rpc|granary|orleans|dotnet)_[a-z0-9_]+|up|[a-z_]+:[a-z0-9_:]+)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
