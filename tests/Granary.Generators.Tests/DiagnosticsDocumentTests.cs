using System.Text;

namespace Granary.Generators.Tests;

/// <summary>docs/diagnostics.md lists every rule; written anew with GRANARY_WRITE_DOCS=1.</summary>
public sealed class DiagnosticsDocumentTests
{
    [Fact]
    public void The_document_lists_every_rule_as_it_is()
    {
        var path = Path.Combine(Root(), "docs", "diagnostics.md");
        var expected = Document();
        if (Environment.GetEnvironmentVariable("GRANARY_WRITE_DOCS") == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, $"{path} is not what the rules say. Run this test with GRANARY_WRITE_DOCS=1 in the environment, and commit the file.");
    }

    [Fact]
    public void Every_rule_has_its_own_id_and_says_what_to_write()
    {
        var rules = new ContractAnalyzer().SupportedDiagnostics;
        Assert.Equal(rules.Length, rules.Select(r => r.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.All(rules, r => Assert.Matches("^GRN[0-9]{3}$", r.Id));
    }

    private static string Document()
    {
        var text = new StringBuilder("""
            # Diagnostics

            What the build says about a contract, and what to write instead. Every one is an error: a contract that breaks one of these rules would fail, or lose data, at run time.
            `{…}` stands for the names in your code. The list is written from the rules themselves.

            ## contracts.lock

            A contract project keeps, next to its project file, what others rely on: callers outside, silos of other builds, stored data. One fact a line, sorted:

            ```
            message shop.v1.User 1 name string
            method shop.v1.Users/Get unary returns (shop.v1.User)
            request shop.v1.Users/Get 2 limit int32
            ```

            - You added something: `dotnet build -p:UpdateContractsLock=true` adds its lines. Commit them with the change.
            - You changed or removed something: the build fails (GRN041) and prints the line that says it was meant, for example
              `break message shop.v1.User 1 name string => removed "nobody reads it"`. Write your reason between the quotes, build once more with
              `-p:UpdateContractsLock=true`, and leave the line where it is: it keeps the number from coming back as something else (GRN042).
            - `<ContractsLock>false</ContractsLock>` in the project file does without; test projects do by default.

            

            """);
        foreach (var rule in new ContractAnalyzer().SupportedDiagnostics.OrderBy(r => r.Id, StringComparer.Ordinal))
        {
            var message = System.Text.RegularExpressions.Regex.Replace(rule.MessageFormat.ToString(null), "\\{[0-9]\\}", "{…}", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1))
                .Replace("{{", "{", StringComparison.Ordinal)
                .Replace("}}", "}", StringComparison.Ordinal);
            text.Append("## ").Append(rule.Id).Append("\n\n**").Append(rule.Title.ToString(null)).Append(".**\n\n> ").Append(message.Replace("<", "\\<", StringComparison.Ordinal)).Append("\n\n");
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Cluster.sln"))) directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("Cluster.sln is not above the tests.");
        return directory;
    }
}
