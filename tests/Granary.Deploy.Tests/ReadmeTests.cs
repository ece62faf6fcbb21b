using System.Text.RegularExpressions;
using Granary.Deploy.Tests.Support;

namespace Granary.Deploy.Tests;

/// <summary>The Chinese README against the English one: what is written in neither language is the same.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string s_english = Repository.Read("README.md");
    private static readonly string s_chinese = Repository.Read("README.zh-CN.md");

    [Fact]
    public void Both_have_the_same_headings_and_rows_of_tables()
    {
        Assert.Equal(Shape(s_english), Shape(s_chinese));
        Assert.NotEmpty(Shape(s_english));
    }

    [Fact]
    public void Both_have_the_same_commands_and_code() => Assert.Equal(All(s_english, Block()), All(s_chinese, Block()));

    [Fact]
    public void Both_lead_to_the_same_pages_and_pictures()
    {
        // But for each other.
        Assert.Contains("(README.zh-CN.md)", s_english, StringComparison.Ordinal);
        Assert.Equal(All(s_english, Target()).Where(t => t != "README.zh-CN.md"), All(s_chinese, Target()).Where(t => t != "README.md"));
    }

    [Fact]
    public void Both_name_the_same_things_in_code()
    {
        static string[] Names(string text) => [.. All(Block().Replace(text, ""), Inline()).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(s_english), Names(s_chinese));
    }

    private static string[] Shape(string text) => All(Block().Replace(text, ""), Line());

    private static string[] All(string text, Regex pattern) => [.. pattern.Matches(text).Select(m => m.Groups["what"].Value)];

    [GeneratedRegex(@"^(?<what>```\w*\n.*?^```)$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(?<what>#+ |- |\|)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex(@"\]\((?<what>[^)\s]+)\)|<(?<what>https?://[^>]+)>|src=""(?<what>[^""]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Target();

    [GeneratedRegex("`(?<what>[^`\n]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Inline();
}
