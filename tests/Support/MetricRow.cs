using System.Text.RegularExpressions;

namespace Granary.Tests;

/// <summary>A row of the list of metrics in docs/observability.md.</summary>
internal sealed partial record MetricRow(string Name, string Kind, string Unit, string InPrometheus, IReadOnlyCollection<string> Labels)
{
    public static IReadOnlyList<MetricRow> Read(string page) => [.. Row().Matches(File.ReadAllText(page)).Select(m => new MetricRow(
        m.Groups["name"].Value, m.Groups["kind"].Value, m.Groups["unit"].Value, m.Groups["prometheus"].Value, m.Groups["labels"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(l => l.Trim('`')).ToHashSet()))];

    [GeneratedRegex(@"^\| `(?<name>[\w.-]+)` \| (?<kind>counter|gauge|histogram) \|\s*(`(?<unit>[^`]+)`)?\s*\| `(?<prometheus>\w+)` \| (?<labels>[^|]*)\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Row();
}
