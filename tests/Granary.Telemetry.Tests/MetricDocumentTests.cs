using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.RegularExpressions;
using Granary.Telemetry;
using Granary.Telemetry.Prometheus;

namespace Granary.Tests;

/// <summary>The list of metrics against the instruments in the sources.</summary>
public sealed partial class MetricDocumentTests
{
    private static readonly string s_root = typeof(MetricDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;

    [Fact]
    public void Every_instrument_is_on_the_page_with_its_kind_and_unit_and_nothing_else_is()
    {
        var page = MetricRow.Read(Path.Combine(s_root, "docs/observability.md")).ToDictionary(r => r.Name, StringComparer.Ordinal);
        var instruments = Instruments().ToDictionary(i => i.Name, StringComparer.Ordinal);
        Assert.True(instruments.Count > 60, $"only {instruments.Count} instruments were found in the sources");
        List<string> wrong = [.. page.Keys.Except(instruments.Keys).Select(n => $"{n} is on the page and not in the sources")];
        foreach (var (name, kind, unit) in instruments.Values)
        {
            if (!page.TryGetValue(name, out var row)) wrong.Add($"{name} ({kind}) is not on the page");
            else if (row.Kind != kind) wrong.Add($"{name} is a {kind}, not a {row.Kind}");
            else if (unit is not null && row.Unit != unit) wrong.Add($"{name} is in '{unit}', not '{row.Unit}'");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Their_names_in_Prometheus_are_right()
    {
        foreach (var row in MetricRow.Read(Path.Combine(s_root, "docs/observability.md")))
        {
            var (name, _) = MetricName.Family(row.Name, row.Unit, row.Kind == "counter", row.Kind == "gauge");
            Assert.Equal(row.Kind == "counter" ? name + "_total" : name, row.InPrometheus);
        }
    }

    [Fact]
    public void As_many_series_as_allowed_are_kept_of_the_metrics_whose_labels_are_not_words_of_fixed_lists()
    {
        string[] words =
        [
            "from", "reason", "direction", "granary_outcome", "granary_operation", "granary_status", "granary_priority", "granary_kept", "granary_refusal_reason", "granary_winner", "granary_state", "granary_table",
        ];
        using var meter = new Meter("Granary.Engine");
        foreach (var row in MetricRow.Read(Path.Combine(s_root, "docs/observability.md")).Where(r => !r.Name.StartsWith("rpc.client.", StringComparison.Ordinal)))
        {
            var limit = MetricSeries.Limit(meter.CreateCounter<long>(row.Name), 1000);
            Assert.True(limit == (row.Labels.All(words.Contains) ? MetricSeries.Few : 1000), $"{row.Name}, labelled with {string.Join(", ", row.Labels)}, may have {limit} series");
        }
    }

    [Fact]
    public void Of_other_meters_nothing_is_presumed_and_no_limit_is_raised()
    {
        using Meter ours = new("Granary.Engine"), other = new("Shop.Orders");
        Assert.Equal(1000, MetricSeries.Limit(other.CreateCounter<long>("orders"), 1000));
        Assert.Equal(10, MetricSeries.Limit(ours.CreateCounter<long>("granary.membership.version"), 10));
    }

    private static IEnumerable<(string Name, string Kind, string? Unit)> Instruments()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(s_root, "Runtime"), "*.cs", SearchOption.AllDirectories))
        {
            if (file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)) continue;
            var text = File.ReadAllText(file);
            if (!text.Contains("System.Diagnostics.Metrics", StringComparison.Ordinal)) continue;
            foreach (Match made in Made().Matches(text))
            {
                var kind = made.Groups["kind"].Value switch { "Counter" or "ObservableCounter" or "Ever" => "counter", "Histogram" => "histogram", _ => "gauge" };
                var unit = made.Groups["unit"] is { Success: true } given ? given.Value.Trim('"') : made.Groups["none"].Success ? "" : null;
                var name = made.Groups["name"].Value;
                if (!name.Contains("{name}", StringComparison.Ordinal)) yield return (name, kind, unit);
                else foreach (var operation in (string[])["read", "write", "clear"]) yield return (name.Replace("{name}", operation, StringComparison.Ordinal), kind, unit);
            }
        }
    }

    // The unit follows the name, but where what is observed stands between them.
    [GeneratedRegex("""\b(?:Create(?<kind>Counter|Histogram|UpDownCounter|Gauge|ObservableGauge|ObservableCounter|ObservableUpDownCounter)(?:<\w+>)?|(?<kind>Now|Ever))\(\s*\$?"(?<name>[^"]+)",\s*(?:(?<unit>"[^"]*")|(?<none>null))?""", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Made();
}
