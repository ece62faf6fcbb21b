using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Granary.Gateway;
using Granary.Hosting;
using Granary.Telemetry;

namespace Granary.Samples.Tests.Docs;

public sealed partial class ConfigurationTests
{
    [Fact]
    public void Every_setting_is_documented_with_its_default()
    {
        var documented = Row().Matches(Document.Read("docs/configuration.md").Text)
            .ToDictionary(m => m.Groups["setting"].Value, m => m.Groups["default"].Value.Trim());
        var wrong = new List<string>();
        foreach (var (setting, value) in Settings("Granary", new GatewayOptions())
            .Concat(Settings(TelemetryOptions.Section, new TelemetryOptions()))
            .Concat(Settings(EngineOptions.Section, new EngineOptions())))
        {
            if (!documented.TryGetValue(setting, out var told)) wrong.Add($"{setting} is not there");
            else if (told.StartsWith('`') && value.Length > 0 && told != $"`{value}`" && !told.Contains(value, StringComparison.Ordinal)) wrong.Add($"{setting} is said to be {told}, and is {value}");
            else if (!told.StartsWith('`') && value.Length > 0) wrong.Add($"{setting} is said to be '{told}', and is {value}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    // Each value of the options and of those within them; lists and unset values are empty.
    private static IEnumerable<(string Setting, string Value)> Settings(string path, object options)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0 && p.CanRead))
        {
            var value = property.GetValue(options);
            var name = $"{path}:{property.Name}";
            if (value is bool flag) yield return (name, flag ? "true" : "false");
            else if (value is TimeSpan time) yield return (name, time.ToString("c", CultureInfo.InvariantCulture));
            else if (value is null or IEnumerable and not string) yield return (name, "");
            else if (value is IFormattable or string) yield return (name, Convert.ToString(value, CultureInfo.InvariantCulture)!);
            else foreach (var inner in Settings(name, value)) yield return inner;
        }
    }

    [GeneratedRegex(@"^\| `(?<setting>[\w:]+)` \|(?<default>[^|]*)\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Row();
}
