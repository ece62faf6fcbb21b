using System.Reflection;
using System.Text.RegularExpressions;

namespace Granary.Tests;

/// <summary>The table of messages against the source.</summary>
public sealed partial class MessageDocumentTests
{
    [Fact]
    public void Every_warning_and_error_of_the_clusters_parts_is_in_operations()
    {
        var root = typeof(MessageDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;
        var page = File.ReadAllText(Path.Combine(root, "docs/operations.md"));
        string[] parts = ["Runtime/Engine", "Runtime/Engine.Redis", "Runtime/Hosting", "ApiHost", "Silo"];
        var missing = parts.SelectMany(part => Directory.EnumerateFiles(Path.Combine(root, part), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => Message().Matches(File.ReadAllText(file)))
            .Where(message => !Regex.IsMatch(page, $@"^\|[^|]*\b{message.Groups["id"].Value}\b[^|]*\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)))
            .Select(message => message.Value)
            .ToList();
        Assert.True(missing.Count == 0, "Add what to do about these to docs/operations.md:\n" + string.Join('\n', missing));
    }

    [GeneratedRegex(@"LoggerMessage\((?<id>\d+), LogLevel\.(?:Warning|Error|Critical), ""[^""]*""", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Message();
}
