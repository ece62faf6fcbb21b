using System.Text;
using Granary.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Granary.Generators.Lock;

/// <summary>A break that was meant: <c>break OLD-LINE => NEW-VALUE "why"</c>, or <c>=> removed "why"</c>.</summary>
/// <param name="Old">The fact that no longer holds.</param>
/// <param name="New">What holds instead; null for nothing.</param>
/// <param name="Line">The whole line.</param>
internal sealed record Break(Fact Old, string? New, string Line);

/// <summary>
/// contracts.lock: what earlier builds promised, one fact a line, and the breaks that were meant. Lines that begin with // are comments.
/// </summary>
internal sealed class LockFile
{
    public const string Name = "contracts.lock";

    private const string Header = "// What others rely on: callers outside, silos of other builds, stored data. Checked by every build.\n// After adding to a contract: dotnet build -p:UpdateContractsLock=true. A change that breaks one fails the build, which says what to write here if it is meant.\n";

    public Dictionary<string, (Fact Fact, int Line)> Facts { get; } = new(StringComparer.Ordinal);

    public List<Break> Breaks { get; } = [];

    /// <summary>Lines that are not understood: the line's number from 0, its text, and what is wrong.</summary>
    public List<(int Line, string Text, string Problem)> Errors { get; } = [];

    public static LockFile Parse(SourceText? text)
    {
        var file = new LockFile();
        if (text is null) return file;
        foreach (var line in text.Lines)
        {
            var content = line.ToString().Trim();
            if (content.Length == 0 || content.StartsWith("//", StringComparison.Ordinal)) continue;
            if (content.StartsWith("break ", StringComparison.Ordinal)) file.ParseBreak(content, line.LineNumber);
            else if (Fact.Parse(content) is not { } fact) file.Errors.Add((line.LineNumber, content, "a line is a fact ('message NAME NUMBER FIELD TYPE' and the like), a break, or a comment after //. Take the line from a build with -p:UpdateContractsLock=true."));
            else if (file.Facts.ContainsKey(fact.Key)) file.Errors.Add((line.LineNumber, content, $"'{fact.Key}' stands in it twice. Keep one of the lines."));
            else file.Facts.Add(fact.Key, (fact, line.LineNumber));
        }

        return file;
    }

    /// <summary>The text of the file for these facts: facts sorted, and the breaks as they are.</summary>
    public static string Write(EquatableArray<Fact> facts, LockFile old)
    {
        var text = new StringBuilder(Header);
        foreach (var fact in facts) text.Append(fact.Line).Append('\n');
        if (old.Breaks.Count > 0) text.Append("\n// Breaks that were meant. They stay: a removed number must not come back as something else.\n");
        foreach (var line in old.Breaks) text.Append(line.Line).Append('\n');
        return text.ToString();
    }

    public static string BreakLine(Fact old, string? now) => $"break {old.Line} => {now ?? "removed"} \"why\"";

    public Break? FindBreak(Fact old, string? now) => Breaks.FirstOrDefault(b => b.Old == old && b.New == now);

    private void ParseBreak(string content, int number)
    {
        var arrow = content.IndexOf(" => ", StringComparison.Ordinal);
        var quote = content.IndexOf(" \"", StringComparison.Ordinal);
        var old = arrow < 0 ? null : Fact.Parse(content.Substring("break ".Length, arrow - "break ".Length));
        if (old is null || quote < arrow + 4 || !content.EndsWith("\"", StringComparison.Ordinal) || content.Length < quote + 4)
        {
            Errors.Add((number, content, "a break is 'break OLD-LINE => NEW-VALUE \"why\"' or 'break OLD-LINE => removed \"why\"', with a reason between the quotes."));
            return;
        }

        var now = content.Substring(arrow + 4, quote - arrow - 4);
        Breaks.Add(new Break(old, now == "removed" ? null : now, content));
    }

    /// <summary>The numbers that were used and no longer are.</summary>
    public EquatableArray<RemovedModel> Removed() => Breaks
        .Where(b => b.New is null && b.Old.IsNumbered)
        .Select(b => (Words: b.Old.Key.Split(' '), Name: b.Old.Value.Split(' ')[0]))
        .Where(b => int.TryParse(b.Words[2], out _))
        .Select(b => new RemovedModel(b.Words[0] + " " + b.Words[1], int.Parse(b.Words[2], System.Globalization.CultureInfo.InvariantCulture), b.Name))
        .Distinct()
        .OrderBy(r => r.Owner, StringComparer.Ordinal)
        .ThenBy(r => r.Number)
        .ToEquatable();

    /// <summary>The project's lock among the files given to the compiler.</summary>
    public static AdditionalText? Find(IEnumerable<AdditionalText> files) =>
        files.FirstOrDefault(f => string.Equals(Path.GetFileName(f.Path), Name, StringComparison.OrdinalIgnoreCase));
}
