using System.Text.RegularExpressions;

namespace Granary.Samples.Tests.Docs;

/// <summary>A Markdown file of the repository, as far as these tests read it.</summary>
internal sealed partial class Document
{
    private Document(string path)
    {
        Path = path;
        Text = File.ReadAllText(System.IO.Path.Combine(Repository.Root, path));
        Blocks = [.. Fence().Matches(Text).Select(m => new CodeBlock(m.Groups["language"].Value, m.Groups["code"].Value))];
    }

    /// <summary>Relative to the root of the repository, with slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    /// <summary>The fenced blocks, in order.</summary>
    public IReadOnlyList<CodeBlock> Blocks { get; }

    public static Document Read(string path) => new(path);

    /// <summary>Where the links of the text lead, as written.</summary>
    public IEnumerable<string> Links() => Link().Matches(Fence().Replace(Text, "")).Select(m => m.Groups["target"].Value);

    /// <summary>The anchors of the headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors() => Heading().Matches(Fence().Replace(Text, ""))
        .Select(m => NotInAnchor().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, 5000)]
    private static partial Regex NotInAnchor();
}

/// <summary>One fenced block.</summary>
internal sealed record CodeBlock(string Language, string Code)
{
    /// <summary>The path in a first line like <c>// Grains/PollsGrain.cs</c>, or null.</summary>
    public string? FileName => Code.StartsWith("// ", StringComparison.Ordinal) && Code.Split('\n')[0].EndsWith(".cs", StringComparison.Ordinal)
        ? Code.Split('\n')[0][3..]
        : null;
}
