using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Granary.Deploy.Tests.Support;

namespace Granary.Deploy.Tests;

/// <summary>Rules, alerts and dashboards: by promtool, and by the list of metrics.</summary>
public sealed partial class PrometheusTests
{
    private static readonly string[] s_files = ["rules", "alerts"];
    private static readonly string[] s_tests = ["deploy/prometheus/tests.yml", "deploy/prometheus/objective-tests.yml"];

    private static IEnumerable<JsonNode> Rules => s_files.SelectMany(f => Repository.Yaml($"deploy/prometheus/{f}.yml")["groups"]!.AsArray()).SelectMany(g => g!["rules"]!.AsArray()).Select(r => r!);

    private static IEnumerable<string> Alerts => Rules.Select(r => r["alert"]?.GetValue<string>()).OfType<string>();

    [Fact]
    public async Task Promtool_accepts_the_rules_and_sees_each_alert_fire()
    {
        var check = await Tool.RunAsync("promtool", ["check", "rules", .. s_files.Select(f => $"deploy/prometheus/{f}.yml")]);
        Assert.True(check.Code == 0, check.ToString());
        var test = await Tool.RunAsync("promtool", ["test", "rules", .. s_tests]);
        Assert.True(test.Code == 0, test.ToString());

        var fired = s_tests.SelectMany(f => Repository.Yaml(f)["tests"]!.AsArray()).SelectMany(t => t!["alert_rule_test"]!.AsArray()).Where(t => t!["exp_alerts"]!.AsArray().Count > 0).Select(t => t!["alertname"]!.GetValue<string>());
        Assert.Equal(Alerts.Order(StringComparer.Ordinal), fired.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_alert_has_a_section_that_says_what_it_means_where_to_look_and_what_to_do()
    {
        var page = Repository.Read("docs/operations.md");
        page = page[page.IndexOf("## Alerts\n", StringComparison.Ordinal)..page.IndexOf("## Messages\n", StringComparison.Ordinal)];
        var sections = Section().Matches(page).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["text"].Value, StringComparer.Ordinal);
        Assert.Equal(Alerts, sections.Keys);
        foreach (var rule in Rules.Where(r => r["alert"] is not null))
        {
            var name = rule["alert"]!.GetValue<string>();
            var text = sections[name];
            Assert.StartsWith(rule["labels"]!["severity"]!.GetValue<string>() + ".", text, StringComparison.Ordinal);
            foreach (var part in (string[])["**Means**: ", "**Look**: ", "**Do**: "]) Assert.Contains(part, text, StringComparison.Ordinal);
            Assert.Equal($"docs/operations.md#{name.ToLowerInvariant()}", rule["annotations"]!["runbook"]!.GetValue<string>());
        }
    }

    [Fact]
    public void Every_metric_that_is_asked_for_exists()
    {
        var documented = Metric().Matches(Repository.Read("docs/observability.md")).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["kind"].Value, StringComparer.Ordinal);
        var known = documented.SelectMany(m => m.Value == "histogram" ? [m.Key + "_bucket", m.Key + "_count", m.Key + "_sum"] : (string[])[m.Key])
            .Concat(Rules.Select(r => r["record"]?.GetValue<string>()).OfType<string>()).ToHashSet(StringComparer.Ordinal);
        var asked = Queries().ToDictionary(q => q, q => Promql.Metrics(q).ToList(), StringComparer.Ordinal);
        Assert.All(asked, q => Assert.NotEmpty(q.Value));

        // Those of .NET itself are looked for where they are scraped: TopologyTests.
        var unknown = asked.SelectMany(q => q.Value).Distinct().Where(m => !known.Contains(m) && !m.StartsWith("dotnet_", StringComparison.Ordinal) && m != "up");
        Assert.Empty(unknown);
        Assert.Equal(["granary_nothing"], Promql.Metrics("""max by (rpc_method, granary_x) (rate(granary_nothing{rpc_method="m"}[5m])) > 2"""));
    }

    [Fact]
    public void Dashboards_are_whole_and_ask_one_data_source()
    {
        foreach (var file in Directory.GetFiles(Repository.At("deploy/grafana"), "*.json"))
        {
            var board = JsonNode.Parse(File.ReadAllText(file))!;
            var panels = board["panels"]!.AsArray().Select(p => p!).ToList();
            Assert.StartsWith("granary-", board["uid"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Equal(panels.Count, panels.Select(p => p["id"]!.GetValue<int>()).Distinct().Count());
            foreach (var panel in panels)
            {
                Assert.NotEqual("", panel["description"]!.GetValue<string>());
                Assert.NotEmpty(panel["targets"]!.AsArray());
                Assert.All(panel["targets"]!.AsArray().Append(panel), t => Assert.Equal("${datasource}", t!["datasource"]!["uid"]!.GetValue<string>()));
            }

            // Nothing lies on anything else.
            var cells = panels.Select(p => p["gridPos"]!).SelectMany(g => Cells(g["x"]!.GetValue<int>(), g["y"]!.GetValue<int>(), g["w"]!.GetValue<int>(), g["h"]!.GetValue<int>())).ToList();
            Assert.Equal(cells.Count, cells.Distinct().Count());
            Assert.All(cells, c => Assert.InRange(c.X, 0, 23));
        }
    }

    /// <summary>Every query of rules, dashboards and the adapter.</summary>
    internal static IEnumerable<string> Queries()
    {
        foreach (var rule in Rules) yield return rule["expr"]!.GetValue<string>();
        foreach (var file in Directory.GetFiles(Repository.At("deploy/grafana"), "*.json"))
        {
            foreach (var target in JsonNode.Parse(File.ReadAllText(file))!["panels"]!.AsArray().SelectMany(p => p!["targets"]!.AsArray())) yield return target!["expr"]!.GetValue<string>();
        }

        foreach (var rule in Repository.Yaml("deploy/k8s/components/custom-metrics/adapter-rules.yaml")["rules"]!["custom"]!.AsArray())
        {
            yield return rule!["seriesQuery"]!.GetValue<string>();
            yield return rule["metricsQuery"]!.GetValue<string>();
        }
    }

    private static IEnumerable<(int X, int Y)> Cells(int x, int y, int width, int height) => Enumerable.Range(x, width).SelectMany(cx => Enumerable.Range(y, height).Select(cy => (cx, cy)));

    [GeneratedRegex(@"^### (?<name>\w+)\n(?<text>(?:(?!^#).*\n)*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| `[^`]+` \| (?<kind>\w+) \| [^|]*\| `(?<name>\w+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Metric();
}
