namespace Granary.Samples.Tests.Docs;

/// <summary>Follows docs/first-service.md word for word in a copy of the repository.</summary>
public sealed class GuideTests : IDisposable
{
    private static readonly TimeSpan s_build = TimeSpan.FromMinutes(4);
    private readonly string _clone = Directory.CreateTempSubdirectory("granary-guide-").FullName;

    public void Dispose() => Directory.Delete(_clone, recursive: true);

    [Fact]
    public async Task The_first_service_guide_works_as_written()
    {
        var guide = Document.Read("docs/first-service.md");
        var commands = guide.Blocks.Where(b => b.Language == "bash").Select(b => b.Code).ToList();
        var answers = guide.Blocks.Single(b => b.Language.Length == 0).Code;
        CloneTree(Repository.Root, _clone);

        // 1 and 2: the two files.
        foreach (var file in guide.Blocks.Where(b => b.FileName is not null))
        {
            await File.WriteAllTextAsync(Path.Combine(_clone, file.FileName!), file.Code);
        }

        // 3: the lock.
        (await Shell.Run(commands[0], _clone, bound: s_build)).Succeeded();

        // 4: run and call.
        await using (var host = await RunningHost.Start(commands[1].TrimEnd() + " --urls http://127.0.0.1:0", _clone, s_build))
        {
            Assert.Equal(answers, Lines((await host.Run(commands[2].Replace(" -d", " -w '\\n' -d", StringComparison.Ordinal), _clone)).Succeeded()));

            // 5: a wrong argument.
            Assert.Contains("choice", (await host.Run(commands[3], _clone)).Succeeded());
        }

        // 5: a wrong contract.
        var contract = Path.Combine(_clone, "Grains.Interfaces/Polls.cs");
        await File.WriteAllTextAsync(contract, (await File.ReadAllTextAsync(contract)).Replace("    [Id(1)]\n", "", StringComparison.Ordinal));
        var build = await Shell.Run(commands[1], _clone, bound: s_build);
        Assert.NotEqual(0, build.ExitCode);
        Assert.Contains("Total", build.Output);
        Assert.Contains("[Id(", build.Output);
    }

    private static string Lines(string output) => output.TrimEnd('\n') + "\n";

    // What a clone has: no build results and no history.
    private static void CloneTree(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from))
        {
            var name = Path.GetFileName(folder);
            if (name is "bin" or "obj" or ".git" or "artifacts" or "node_modules" or "TestResults") continue;
            CloneTree(folder, Directory.CreateDirectory(Path.Combine(to, name)).FullName);
        }
    }
}
