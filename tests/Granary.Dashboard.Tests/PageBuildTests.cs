namespace Granary.Dashboard.Tests;

/// <summary>What becomes of the page's sources.</summary>
[Collection(PageBuildCollection.Name)]
public sealed class PageBuildTests(PageBuild build)
{
    [Fact]
    public async Task The_same_sources_give_the_same_bytes_wherever_they_are()
    {
        var there = await build.ElsewhereAsync();
        Assert.Equal(build.Files.Keys, there.Keys);
        Assert.All(build.Files, file => Assert.Equal(file.Value, there[file.Key]));
        Assert.Contains("page.js.br", build.Files.Keys);
    }

    [Fact]
    public void The_licence_of_everything_in_the_bundle_is_beside_it()
    {
        var licences = build.Text("licences.txt");
        Assert.Contains("uplot 1.6.32 (MIT)", licences, StringComparison.Ordinal);
        Assert.Contains("Permission is hereby granted", licences, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("page.js")]
    [InlineData("page.css")]
    [InlineData("index.html")]
    public void The_page_knows_no_address_of_elsewhere(string file)
    {
        // The name of a language, not an address.
        var text = build.Text(file).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
        Assert.DoesNotContain("http://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ApiHost/Dashboard/page")]
    [InlineData("tests/Granary.Dashboard.Tests/browser")]
    public async Task The_packages_have_exact_versions_and_the_lock_file_names_no_host(string folder)
    {
        var path = Path.Combine(PageBuild.Root, folder);
        Assert.DoesNotContain("\"resolved\"", await File.ReadAllTextAsync(Path.Combine(path, "package-lock.json")), StringComparison.Ordinal);
        Assert.DoesNotMatch("\"[~^*]", await File.ReadAllTextAsync(Path.Combine(path, "package.json")));
    }
}
