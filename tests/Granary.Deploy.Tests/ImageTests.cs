using System.Text.RegularExpressions;
using Granary.Deploy.Tests.Support;
using Granary.Tests;

namespace Granary.Deploy.Tests;

/// <summary>What the two images are made of. Whether they can be built, and run with a root nobody may write to, is tried with Debian's tools: docs/containers.md has the commands.</summary>
public sealed partial class ImageTests
{
    [Theory]
    [InlineData("Silo")]
    [InlineData("ApiHost")]
    public void Every_project_of_an_image_is_restored_in_its_own_layer(string host)
    {
        var copied = ProjectCopy().Matches(Dockerfile(host)).Select(m => m.Groups["project"].Value).Order(StringComparer.Ordinal);
        HashSet<string> needed = [];
        Collect($"{host}/{host}.csproj", needed);
        foreach (var engine in EngineProject().Matches(Repository.Read("Engine.props")).Select(m => m.Groups["project"].Value).Where(p => !p.Contains("Testing", StringComparison.Ordinal))) Collect(engine, needed);
        Assert.Equal(needed.Order(StringComparer.Ordinal), copied);
    }

    [Theory]
    [InlineData("Silo")]
    [InlineData("ApiHost")]
    public void An_image_has_no_root_no_shell_and_a_health_check_that_needs_neither(string host)
    {
        var text = Dockerfile(host);
        var last = text[text.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Contains("-chiseled", last.Split('\n')[1], StringComparison.Ordinal);
        Assert.Matches(@"(?m)^USER [1-9]\d*$", last);
        Assert.Contains($"CMD [\"dotnet\", \"{host}.dll\", \"--health\"]", last, StringComparison.Ordinal);
        Assert.DoesNotContain("\nRUN ", last, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?i)secret|password|_key", text);
    }

    [Theory]
    [InlineData("Silo")]
    [InlineData("ApiHost")]
    public void What_an_image_sets_exists(string host) =>
        Assert.Empty(Variable().Matches(Dockerfile(host)).Select(m => Settings.Problem(m.Groups["name"].Value)).OfType<string>());

    [Fact]
    public void Nothing_but_sources_goes_into_a_build()
    {
        var lines = Repository.Read(".dockerignore").Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#').ToList();
        Assert.Equal("*", lines[0]);
        Assert.DoesNotContain(lines, l => l.StartsWith("!deploy", StringComparison.Ordinal) || l.StartsWith("!.git", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_asked_for_its_health_tells_by_its_exit_code()
    {
        var port = Ports.Free();
        await using var before = HostProcess.Start("Silo", "Development", $"Urls=http://*:{port}", "--health");
        Assert.Equal(1, await before.ExitAsync());
        Assert.Contains($"http://localhost:{port}/readyz", await before.Errors, StringComparison.Ordinal);

        await using var silo = HostProcess.Start("Silo", "Development", $"Urls=http://127.0.0.1:{port}", "Granary:Cluster:SiloPort=0", "Granary:Cluster:GatewayPort=" + Ports.Free());
        await silo.AddressAsync();
        await using var during = HostProcess.Start("Silo", "Development", $"Urls=https://*:1;http://*:{port}", "--health");
        Assert.Equal(0, await during.ExitAsync());
        Assert.Equal("", await during.Errors);
    }

    private static string Dockerfile(string host) => Repository.Read($"{host}/Dockerfile");

    private static void Collect(string project, HashSet<string> found)
    {
        if (!found.Add(project)) return;
        foreach (var reference in Reference().Matches(Repository.Read(project)).Select(m => m.Groups["project"].Value).Where(r => r[0] != '$'))
            Collect(Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, reference))), found);
    }

    [GeneratedRegex(@"^COPY (?<project>\S+\.csproj) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProjectCopy();

    [GeneratedRegex("""<ProjectReference Include="(?<project>[^"]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();

    [GeneratedRegex("""<ProjectReference Include="\$\(RepositoryRoot\)(?<project>[^"]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EngineProject();

    [GeneratedRegex(@"\b(?<name>Granary__\w+)=", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
