using System.Reflection;
using System.Text;

namespace Granary.Dashboard.Tests;

/// <summary>The page, built from where its sources are.</summary>
public sealed class PageBuild : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("granary-page-");

    internal static string Root { get; } = typeof(PageBuild).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;

    /// <summary>What came of it, by name.</summary>
    public SortedDictionary<string, byte[]> Files { get; private set; } = [];

    private static string Sources => Path.Combine(Root, "ApiHost/Dashboard/page");

    public async Task InitializeAsync()
    {
        await Npm.InstallAsync(Sources);
        Files = await BuildAsync(Sources);
    }

    public Task DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    internal string Text(string file) => Encoding.UTF8.GetString(Files[file]);

    /// <summary>Builds a copy of the sources that stands somewhere else.</summary>
    internal Task<SortedDictionary<string, byte[]>> ElsewhereAsync()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_folder.FullName, "another place")).FullName;
        Copy(Sources, copy);
        return BuildAsync(copy);
    }

    private async Task<SortedDictionary<string, byte[]>> BuildAsync(string sources)
    {
        var output = Path.Combine(_folder.FullName, Path.GetRandomFileName());
        await Npm.RunAsync(sources, "node", "build.mjs", output);
        return new SortedDictionary<string, byte[]>(Directory.GetFiles(output).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes), StringComparer.Ordinal);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from))
        {
            var target = Path.Combine(to, Path.GetFileName(folder));
            if (Path.GetFileName(folder) == "node_modules") Directory.CreateSymbolicLink(target, folder);
            else Copy(folder, Directory.CreateDirectory(target).FullName);
        }
    }
}

[CollectionDefinition(Name)]
public sealed class PageBuildCollection : ICollectionFixture<PageBuild>
{
    public const string Name = "page build";
}
