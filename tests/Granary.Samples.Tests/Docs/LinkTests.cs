namespace Granary.Samples.Tests.Docs;

public sealed class LinkTests
{
    [Fact]
    public void Every_link_between_the_documents_leads_somewhere()
    {
        var paths = Directory.GetFiles(Repository.Root, "*.md").Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md"))
            .Select(p => Path.GetRelativePath(Repository.Root, p));
        var broken = new List<string>();
        foreach (var document in paths.Select(Document.Read))
        {
            foreach (var link in document.Links().Where(l => !l.Contains("://", StringComparison.Ordinal)))
            {
                var parts = link.Split('#');
                var target = parts[0].Length == 0 ? document.Path : Path.Combine(Path.GetDirectoryName(document.Path)!, parts[0]);
                if (!Path.Exists(Path.Combine(Repository.Root, target))
                    || (parts.Length > 1 && !Document.Read(target).Anchors().Contains(parts[1])))
                {
                    broken.Add($"{document.Path}: {link}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }
}
