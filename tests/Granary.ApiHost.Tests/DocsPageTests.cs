using System.Net;
using System.Text.RegularExpressions;

namespace Granary.Tests;

/// <summary>The page to try calls: it must work on a machine without internet.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed partial class DocsPageTests(DevelopmentHost host)
{
    [Fact]
    public async Task Everything_the_page_loads_comes_from_the_host_itself()
    {
        var page = await host.Address.GetAsync("/docs/index.html");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        var links = Links().Matches(page.Body).Select(m => m.Groups["url"].Value).Where(l => l.Length > 0).Distinct().ToList();
        Assert.NotEmpty(links);
        foreach (var link in links)
        {
            Assert.True(Uri.TryCreate(link, UriKind.Relative, out var relative) && !link.StartsWith("//", StringComparison.Ordinal), $"{link} is elsewhere");
            Assert.Equal(HttpStatusCode.OK, (await host.Address.GetAsync(new Uri(new Uri("http://x/docs/"), relative).AbsolutePath)).Status);
        }

        // Whatever scripts and styles might try later, the browser refuses it.
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
    }

    [GeneratedRegex("""(?:src|href)=["'](?<url>[^"'#]*)["']""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Links();
}
