using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Granary.ApiHost.Dashboard.Feed;
using Granary.ApiHost.Discovery;
using Granary.ApiHost.Hosting;
using Granary.Gateway;
using Granary.Hosting;
using Granary.Hosting.Settings;
using Granary.Statistics;
using Granary.Telemetry;

namespace Granary.Tests;

/// <summary>The tables of docs/configuration.md are made of the options classes; written anew with GRANARY_WRITE_DOCS=1.</summary>
public sealed partial class ConfigurationDocumentTests
{
    private const string Head = "| setting | default | what |\n|---|---|---|\n";

    [Fact]
    public void The_page_of_settings_is_what_the_options_say()
    {
        var file = Path.Combine(typeof(ConfigurationDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!, "docs/configuration.md");
        var page = File.ReadAllText(file);
        var rows = new SettingRows()
            .Add(HostSettings.Section, typeof(HostSettings))
            .Add(ApiHostOptions.Section, typeof(ApiHostOptions))
            .Add(ApiHostOptions.Section, typeof(GatewayOptions))
            .Add(DiscoveryOptions.Section, typeof(DiscoveryOptions))
            .Add(FeedOptions.Section, typeof(FeedOptions))
            .Add(StatisticsOptions.Section, typeof(StatisticsOptions))
            .Add(TelemetryOptions.Section, typeof(TelemetryOptions))
            .Add(EngineOptions.Section, typeof(EngineOptions))
            .Add(RedisEngineOptions.Section, typeof(RedisEngineOptions))
            .Rows;

        // Each setting stands in the table that names most of its path.
        var tables = Table().Matches(page).SelectMany(t => t.Groups["paths"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => (Path: p, Table: t.Index))).OrderByDescending(t => t.Path.Length).ToList();
        var homeless = rows.Where(r => TableOf(r) < 0).Select(r => r.Path).ToList();
        Assert.True(homeless.Count == 0, $"No table of {file} is for {string.Join(", ", homeless)}. Add one: <!-- settings: Granary:Section -->, an empty line, <!-- end -->.");
        var made = Table().Replace(page, t =>
        {
            var text = new StringBuilder($"<!-- settings: {t.Groups["paths"].Value} -->\n{Head}");
            foreach (var row in rows.Where(r => TableOf(r) == t.Index)) text.Append(row).Append('\n');
            return text.Append("<!-- end -->").ToString();
        });
        if (Environment.GetEnvironmentVariable("GRANARY_WRITE_DOCS") == "1") File.WriteAllText(file, made);
        else Assert.True(page == made, $"{file} is not what the options say. Write it anew: GRANARY_WRITE_DOCS=1 dotnet test tests/Granary.ApiHost.Tests --filter {nameof(The_page_of_settings_is_what_the_options_say)}");

        int TableOf(SettingRow row) => tables.Where(t => row.Path == t.Path || row.Path.StartsWith(t.Path + ":", StringComparison.Ordinal)).Select(t => t.Table).FirstOrDefault(-1);
    }

    [GeneratedRegex(@"<!-- settings: (?<paths>[^>]*?) -->.*?<!-- end -->", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Table();
}
