using System.Text.Json;
using System.Text.Json.Nodes;

namespace Granary.Deploy.Tests.Support;

/// <summary>Documents against the schemas that others publish on npm: <c>judges/judge.mjs</c>.</summary>
internal static class Judge
{
    private static readonly string s_folder = Repository.At("tests/Granary.Deploy.Tests/judges");
    private static readonly Lazy<Task> s_installed = new(InstallAsync);

    /// <summary>What is wrong with the documents, a line each.</summary>
    /// <param name="kind"><c>kubernetes</c> or <c>compose</c>.</param>
    /// <param name="documents">Documents with names for people.</param>
    internal static async Task<string[]> AskAsync(string kind, IEnumerable<(string Name, JsonObject Document)> documents)
    {
        await s_installed.Value;
        var input = new JsonArray([.. documents.Select(d => new JsonObject { ["name"] = d.Name, ["document"] = d.Document.DeepClone() })]);
        var said = await Tool.RunAsync("node", ["judge.mjs", kind], s_folder, input.ToJsonString());
        Assert.True(said.Code == 0, said.ToString());
        return JsonSerializer.Deserialize<string[]>(said.Output)!;
    }

    private static async Task InstallAsync()
    {
        // What npm writes when it has finished; older when other judges are wanted since then.
        var installed = new FileInfo(Path.Combine(s_folder, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(s_folder, "package-lock.json"))) return;
        var said = await Tool.RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], s_folder);
        Assert.True(said.Code == 0, said.ToString());
    }
}
