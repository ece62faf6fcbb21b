using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Granary.ApiHost.Discovery;
using Granary.ApiHost.Hosting;
using Granary.Gateway;
using Granary.Hosting;
using Granary.Hosting.Settings;
using Granary.Telemetry;

namespace Granary.Tests;

/// <summary>The page of settings against the classes they are bound to.</summary>
public sealed partial class ConfigurationDocumentTests
{
    private static readonly SettingsTree s_tree = new SettingsTree()
        .Add(HostSettings.Section, typeof(HostSettings))
        .Add(ApiHostOptions.Section, typeof(ApiHostOptions))
        .Add(ApiHostOptions.Section, typeof(GatewayOptions))
        .Add(DiscoveryOptions.Section, typeof(DiscoveryOptions))
        .Add(TelemetryOptions.Section, typeof(TelemetryOptions))
        .Add(EngineOptions.Section, typeof(EngineOptions))
        .Add(RedisEngineOptions.Section, typeof(RedisEngineOptions));

    [Fact]
    public void Every_setting_is_on_the_page_with_its_default()
    {
        var page = Rows();
        List<string> wrong = [];
        foreach (var path in s_tree.Paths())
        {
            // A dictionary's entries may be told at its name.
            var named = page.ContainsKey(path) || !path.Contains(":{name}", StringComparison.Ordinal) ? path : path[..path.IndexOf(":{name}", StringComparison.Ordinal)];
            if (!page.TryGetValue(named, out var told)) wrong.Add($"{path} is not there");
            else if (named == path && Default(path) is { Length: > 0 } value && !told.Contains(value, StringComparison.OrdinalIgnoreCase)) wrong.Add($"{path} is said to be {told}, and is {value}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_setting_on_the_page_exists()
    {
        var unknown = Rows().Keys.Where(path => path.StartsWith("Granary:", StringComparison.Ordinal) && Find(path) is null);
        Assert.Empty(unknown);
    }

    private static SettingsTree.Place? Find(string path)
    {
        SettingsTree.Place? place = s_tree.Root;
        foreach (var name in path.Split(':')) place = place?.Find(name);
        return place;
    }

    private static string? Default(string path) => Find(path)?.Default switch
    {
        null => null,
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static Dictionary<string, string> Rows()
    {
        var root = typeof(ConfigurationDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;
        return Row().Matches(File.ReadAllText(Path.Combine(root, "docs/configuration.md"))).ToDictionary(m => m.Groups["setting"].Value, m => m.Groups["default"].Value.Trim(), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"^\| `(?<setting>[\w:{}]+)` \|(?<default>[^|]*)\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Row();
}
