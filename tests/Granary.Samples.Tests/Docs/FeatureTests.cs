using System.Text.RegularExpressions;

namespace Granary.Samples.Tests.Docs;

public sealed partial class FeatureTests
{
    [Fact]
    public void Every_test_that_the_table_of_features_names_exists()
    {
        var named = TestName().Matches(Document.Read("docs/features.md").Text).Select(m => m.Groups["name"].Value).ToHashSet();
        Assert.NotEmpty(named);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            named.RemoveWhere(name => text.Contains($" {name}(", StringComparison.Ordinal));
        }

        Assert.True(named.Count == 0, string.Join('\n', named));
    }

    // A sentence in code quotes.
    [GeneratedRegex(@"`(?<name>[A-Z][A-Za-z0-9]*_\w+_\w+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TestName();
}
