using System.Net;
using Granary.Tests;

namespace Granary.Dashboard.Tests;

/// <summary>How the page's files are served.</summary>
[Collection(LiveClusterCollection.Name)]
public sealed class HostingTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, br", "br")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task A_file_comes_in_an_encoding_that_the_caller_takes(string? accepted, string? encoding)
    {
        var answer = await GetAsync("/dashboard/page.css", accepted);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(encoding, answer.ContentHeaders.ContentEncoding.SingleOrDefault());
        Assert.Equal("text/css; charset=utf-8", answer.ContentHeaders.ContentType!.ToString());
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
    }

    [Fact]
    public async Task What_a_browser_has_already_is_not_sent_again()
    {
        var first = await GetAsync("/dashboard/page.js", "br");
        var again = await cluster.Address.GetAsync("/dashboard/page.js", null, ("Accept-Encoding", "br"), ("If-None-Match", first.Headers.ETag!.ToString()));
        Assert.Equal((HttpStatusCode.NotModified, ""), (again.Status, again.Body));

        // Another form of the file is another thing.
        Assert.Equal(HttpStatusCode.OK, (await cluster.Address.GetAsync("/dashboard/page.js", null, ("If-None-Match", first.Headers.ETag!.ToString()))).Status);
    }

    [Theory]
    [InlineData("/dashboard")]
    [InlineData("/dashboard/page.js")]
    [InlineData("/dashboard/licences.txt")]
    public async Task The_files_are_open_and_guarded_by_a_strict_policy(string path)
    {
        var answer = await cluster.Address.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }

    [Theory]
    [InlineData("/dashboard/nothing.js")]
    [InlineData("/dashboard/page.js.br")]
    [InlineData("/dashboard/..%2Fappsettings.json")]
    public async Task There_are_no_other_files(string path) => Assert.Equal("NOT_FOUND", (await cluster.Address.GetAsync(path)).Code);

    [Fact]
    public async Task An_address_with_a_slash_at_its_end_leads_to_the_page()
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = cluster.Address };
        using var answer = await client.GetAsync("/dashboard/");
        Assert.Equal((HttpStatusCode.MovedPermanently, "../dashboard"), (answer.StatusCode, answer.Headers.Location!.ToString()));
    }

    [Fact]
    public async Task The_feed_is_for_admins()
    {
        Assert.Equal("UNAUTHENTICATED", (await cluster.Address.GetAsync("/dashboard/feed?view=overview")).Code);
        Assert.Equal("PERMISSION_DENIED", (await cluster.Address.GetAsync("/dashboard/feed?view=overview", Tokens.For("user"))).Code);
    }

    private Task<Answer> GetAsync(string path, string? accepted) => cluster.Address.GetAsync(path, null, accepted is null ? [] : [("Accept-Encoding", accepted)]);
}
