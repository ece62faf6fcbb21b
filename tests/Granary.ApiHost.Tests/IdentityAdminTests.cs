using System.Net;
using System.Text;
using System.Text.Json;

namespace Granary.Tests;

/// <summary>Keys, revocations and blocks as administrators make them.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class IdentityAdminTests(DevelopmentHost host)
{
    private readonly string _name = "t" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_key_is_told_once_and_works_until_it_is_removed()
    {
        var admin = await TokenAsync(_name, "admin");
        var made = await AskAsync(HttpMethod.Post, "/admin/keys", admin, $$"""{"subject":"{{_name}}-robot","name":"robot","roles":["user"],"days":30}""");
        Assert.Equal(HttpStatusCode.OK, made.Status);
        Assert.Contains("no-store", made.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        var (id, key) = (made.Json.GetProperty("id").GetString()!, made.Json.GetProperty("key").GetString()!);
        Assert.Equal("56", (await host.Address.MultiplyAsync(null, ("x-api-key", key))).Body);
        Assert.Equal("PERMISSION_DENIED", (await host.Address.GetAsync("/admin/keys", null, ("x-api-key", key))).Code);

        var rotated = (await AskAsync(HttpMethod.Post, $"/admin/keys/{id}/rotate", admin, """{"overlapHours":0}""")).Json.GetProperty("key").GetString()!;
        Assert.Equal("UNAUTHENTICATED", (await host.Address.MultiplyAsync(null, ("x-api-key", key))).Code);
        Assert.Equal("56", (await host.Address.MultiplyAsync(null, ("Authorization", "ApiKey " + rotated))).Body);

        var list = (await host.Address.GetAsync("/admin/keys", admin)).Body;
        Assert.Contains(id, list, StringComparison.Ordinal);
        var audit = (await host.Address.GetAsync("/admin/audit?limit=1000", admin)).Body;
        foreach (var secret in new[] { key.Split('.')[1], rotated.Split('.')[1] })
        {
            Assert.DoesNotContain(secret, list + audit, StringComparison.Ordinal);
            Assert.DoesNotContain(host.Process.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }

        var created = JsonDocument.Parse(audit).RootElement.GetProperty("entries").EnumerateArray().Where(e => e.GetProperty("actor").GetString() == _name && e.GetProperty("action").GetString() == "keys.create").Select(e => e.GetProperty("result").GetString());
        Assert.Equal(["OK", "BEGUN"], created);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Address.AskAsync(HttpMethod.Delete, $"/admin/keys/{id}", admin)).Status);
        Assert.Equal("UNAUTHENTICATED", (await host.Address.MultiplyAsync(null, ("x-api-key", rotated))).Code);
        Assert.Equal("NOT_FOUND", (await host.Address.AskAsync(HttpMethod.Delete, $"/admin/keys/{id}", admin)).Code);
    }

    [Fact]
    public async Task Tokens_are_revoked_one_by_one_or_all_of_a_subject()
    {
        var admin = await TokenAsync(_name, "admin");
        var (one, other) = (await TokenAsync(_name + "-ann", "user"), await TokenAsync(_name + "-ann", "user"));
        var id = JsonDocument.Parse(Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(one.Split('.')[1]))).RootElement.GetProperty("jti").GetString();
        Assert.Equal($"token:{id}", (await AskAsync(HttpMethod.Post, "/admin/revocations", admin, $$"""{"tokenId":"{{id}}","reason":"lost"}""")).Json.GetProperty("id").GetString());
        Assert.Equal("UNAUTHENTICATED", (await host.Address.MultiplyAsync(one)).Code);
        Assert.Equal("56", (await host.Address.MultiplyAsync(other)).Body);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(HttpMethod.Post, "/admin/revocations", admin, $$"""{"subject":"{{_name}}-ann"}""")).Status);
        Assert.Equal("UNAUTHENTICATED", (await host.Address.MultiplyAsync(other)).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Address.AskAsync(HttpMethod.Delete, $"/admin/revocations/subject:{_name}-ann", admin)).Status);
        Assert.Equal("56", (await host.Address.MultiplyAsync(other)).Body);
        foreach (var (body, field) in new[] { ("{}", "subject"), ("""{"subject":"a","tokenId":"b"}""", "subject"), ("""{"subject":"a\nb"}""", "subject"), ("""{"tokenId":"x","expires":"2020-01-01T00:00:00Z"}""", "expires") })
            Assert.Equal(field, (await AskAsync(HttpMethod.Post, "/admin/revocations", admin, body)).Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Who_is_blocked_stays_out_until_it_is_taken_back()
    {
        var admin = await TokenAsync(_name, "admin");
        var ann = await TokenAsync(_name + "-ann", "user");
        Assert.Equal($"subject:{_name}-ann", (await AskAsync(HttpMethod.Post, "/admin/blocks", admin, $$"""{"kind":"subject","value":"{{_name}}-ann","minutes":5}""")).Json.GetProperty("id").GetString());
        Assert.Equal("PERMISSION_DENIED", (await host.Address.MultiplyAsync(ann)).Code);
        Assert.Contains($"{_name}-ann", (await host.Address.GetAsync("/admin/blocks?limit=1000", admin)).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Address.AskAsync(HttpMethod.Delete, $"/admin/blocks/subject:{_name}-ann", admin)).Status);
        Assert.Equal("56", (await host.Address.MultiplyAsync(ann)).Body);
        Assert.Equal("INVALID_ARGUMENT", (await AskAsync(HttpMethod.Post, "/admin/blocks", admin, """{"kind":"address","value":"127.0.0.0/8"}""")).Code);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(HttpMethod.Post, "/admin/blocks", admin, """{"kind":"address","value":"203.0.113.0/24"}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Address.AskAsync(HttpMethod.Delete, "/admin/blocks/address:203.0.113.0%2F24", admin)).Status);
    }

    private Task<Answer> AskAsync(HttpMethod method, string path, string token, string body) => host.Address.AskAsync(method, path, token, body);

    private async Task<string> TokenAsync(string subject, string role) =>
        (await host.Address.AskAsync(HttpMethod.Post, "/admin/tokens", null, $$"""{"subject":"{{subject}}","roles":["{{role}}"]}""")).Json.GetProperty("token").GetString()!;
}
