using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Authentication;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Tests;

public sealed class AuthenticationTests
{
    private static readonly byte[] s_key = Encoding.UTF8.GetBytes(GatewayHost.Key);

    [Fact]
    public async Task A_call_without_a_token_is_401_and_asks_for_one()
    {
        await using var host = await GatewayHost.StartAsync();
        var problem = await host.Anonymous.GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
        Assert.Equal("Bearer", problem.Response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("Authorization: Bearer", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_for_anyone_needs_no_token_but_refuses_a_false_one()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal("\"open\"", await host.Anonymous.GetAsync("/rpc/probe/a/Open").OkAsync());
        await host.As("nonsense").GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Who_keeps_trying_is_told_to_wait_and_known_callers_at_that_address_are_not()
    {
        var time = new TestClock();
        await using var host = await GatewayHost.StartAsync(
            options =>
            {
                options.Authentication.FailedAttempts = 3;
                options.Authentication.ApiKeys["billing"] = new ApiKeyOptions { Subject = "billing", Roles = ["user"], Hashes = [Convert.ToHexString(SHA256.HashData("a secret of the configuration"u8))] };
            },
            services => services.AddSingleton<TimeProvider>(time));
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
        for (var i = 0; i < 3; i++) await host.As($"guess{i}").GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");

        // Neither a guess nor a good token that nobody has seen is looked at now, in any protocol.
        var problem = await host.As("guess").GetAsync("/rpc/probe/a/Open").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.InRange(problem.Response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        await host.As(host.Token("bob", "user")).GetAsync("/rpc/probe/a/Open").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        var grpc = new GrpcClient(host) { Headers = { ["authorization"] = "Bearer guess" } };
        Assert.Equal(StatusCode.ResourceExhausted, (await grpc.CallAsync("Open", GrpcClient.Keyed())).Code);

        // Known callers, callers without credentials and those with a key go on.
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
        await host.Anonymous.GetAsync("/rpc/probe/a/Open").OkAsync();
        using var keyed = new HttpClient { BaseAddress = host.Address, DefaultRequestHeaders = { { "x-api-key", "billing.a secret of the configuration" } } };
        await keyed.PostAsync("/rpc/probe/a/Nothing", null).OkAsync(204);

        time.Advance(TimeSpan.FromSeconds(21));
        await host.As(host.Token("bob", "user")).GetAsync("/rpc/probe/a/Open").OkAsync();
        await host.As("guess").GetAsync("/rpc/probe/a/Open").ProblemAsync(401, "UNAUTHENTICATED");
        await host.As("guess").GetAsync("/rpc/probe/a/Open").ProblemAsync(429, "RESOURCE_EXHAUSTED");
    }

    public static TheoryData<string, string, string> Attacks()
    {
        var good = Claims();
        var signed = Sign("HS256", good);
        return new TheoryData<string, string, string>
        {
            { "none", Make("""{"alg":"none","typ":"JWT"}""", good, _ => []), "algorithm" },
            { "none in other case", Make("""{"alg":"nOnE"}""", good, _ => []), "algorithm" },
            { "no algorithm", Make("""{"typ":"JWT"}""", good, HS256), "no algorithm" },
            { "another of the family", Sign("HS512", good), "algorithm" },
            { "two algorithms", Make("""{"alg":"HS256","alg":"none"}""", good, HS256), "no signed JWT" },
            { "critical extensions", Make("""{"alg":"HS256","crit":["exp"]}""", good, HS256), "critical" },
            { "no signature", signed[..(signed.LastIndexOf('.') + 1)], "signature" },
            { "another key", Make("""{"alg":"HS256"}""", good, text => HMACSHA256.HashData(Encoding.UTF8.GetBytes("some other key that is long enough"), text)), "signature" },
            { "tampered claims", Tamper(signed), "signature" },
            { "tampered signature", signed[..^4] + (signed.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA"), "signature" },
            { "expired", Sign("HS256", Claims(expires: -60)), "expired" },
            { "not yet valid", Sign("HS256", Claims(notBefore: 3000)), "not valid yet" },
            { "no expiry", Sign("HS256", """{"iss":"granary","aud":"granary","sub":"mallory"}"""), "expiry" },
            { "another audience", Sign("HS256", Claims(audience: "elsewhere")), "audience" },
            { "no audience", Sign("HS256", Claims(audience: null)), "audience" },
            { "another issuer", Sign("HS256", Claims(issuer: "evil")), "issuer" },
            { "no subject", Sign("HS256", Claims(subject: "")), "subject" },
            { "not JSON", Make("not json", good, HS256), "no signed JWT" },
            { "claims that are no JSON", Make("""{"alg":"HS256"}""", "not json", HS256), "not valid" },
            { "an encrypted token", string.Join('.', "e30", "e30", "e30", "e30", "e30"), "no signed JWT" },
            { "made for something else", Make("""{"alg":"HS256","typ":"logout+jwt"}""", good, HS256), "type" },
            { "two types", Make("""{"alg":"HS256","typ":"JWT","typ":"logout+jwt"}""", good, HS256), "no signed JWT" },
            { "an algorithm that is no text", Make("""{"alg":["HS256"]}""", good, HS256), "no signed JWT" },
            { "something behind the header", Make("""{"alg":"HS256"}{"alg":"none"}""", good, HS256), "no signed JWT" },
            { "a name in disguise", Make("""{"alg":"HS256","\u0061lg":"none"}""", good, HS256), "no signed JWT" },
            { "a key in the header", Make("""{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}""", good, text => HMACSHA256.HashData(new byte[3], text)), "signature" },
            { "an address of keys in the header", Make("""{"alg":"HS256","jku":"http://127.0.0.1:9/keys","x5u":"http://127.0.0.1:9/cert"}""", good, text => HMACSHA256.HashData("mallory's key"u8, text)), "signature" },
            { "a path for a key id", Make("""{"alg":"HS256","kid":"../../../../dev/null"}""", good, text => HMACSHA256.HashData(Array.Empty<byte>(), text)), "signature" },
            { "a query for a key id", Make("""{"alg":"HS256","kid":"' UNION SELECT 'x"}""", good, text => HMACSHA256.HashData("x"u8, text)), "signature" },
            { "a huge key id", Make($$"""{"alg":"HS256","kid":"{{new string('k', 300)}}"}""", good, HS256), "key id" },
            { "claims too deep", Make("""{"alg":"HS256"}""", "{\"x\":" + new string('[', 2000) + new string(']', 2000) + "}", HS256), "not valid" },
            { "valid for ages", Sign("HS256", Claims(expires: 40 * 24 * 3600)), "longer than tokens may be" },
            { "one part", "abc", "no signed JWT" },
            { "dots", "..", "no signed JWT" },
            { "a huge token", Sign("HS256", Claims(subject: new string('x', 9000))), "longer than 8192" },
        };
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_token_that_is_not_right_is_401(string what, string token, string detail)
    {
        _ = what;
        await using var host = await GatewayHost.StartAsync();
        for (var again = 0; again < 2; again++)
        {
            var problem = await host.As(token).GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
            Assert.Contains(detail, problem.Detail, StringComparison.Ordinal);
            Assert.Contains("invalid_token", problem.Response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Basic YWxpY2U6c2VjcmV0")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    public async Task Credentials_of_another_kind_are_401(string header)
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rpc/probe/a/Key");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        await host.Anonymous.SendAsync(request).ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_right_token_is_accepted_again_and_again_until_it_expires()
    {
        var time = new TestClock();
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<TimeProvider>(time));
        var client = host.As(host.Services.GetRequiredService<TokenIssuer>().Issue("alice", ["user"], TimeSpan.FromMinutes(2)));
        for (var i = 0; i < 3; i++) await client.GetAsync("/rpc/probe/a/Key").OkAsync();
        time.Advance(TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(29));
        await client.GetAsync("/rpc/probe/a/Key").OkAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await client.GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Clocks_may_differ_a_little()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.As(Sign("HS256", Claims(expires: -20))).GetAsync("/rpc/probe/a/Key").OkAsync();
        await host.As(Sign("HS256", Claims(notBefore: 20))).GetAsync("/rpc/probe/a/Key").OkAsync();
    }

    [Theory]
    [InlineData("at+jwt")]
    [InlineData("application/at+jwt")]
    [InlineData("jwt")]
    public async Task A_token_for_calls_may_say_so_in_its_type(string type)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.As(Make($$"""{"alg":"HS256","typ":"{{type}}"}""", Claims(), HS256)).GetAsync("/rpc/probe/a/Key").OkAsync();
    }

    [Fact]
    public async Task With_an_authority_its_published_keys_count_and_never_as_a_shared_secret()
    {
        using var rsa = RSA.Create(2048);
        await using var authority = await AuthorityAsync(rsa, "k1");
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Authentication.Key = null;
            options.Authentication.Authority = authority.Urls.First();
            options.Authentication.RequireHttps = false;
        });
        var claims = Claims(issuer: authority.Urls.First());
        var header = """{"alg":"RS256","kid":"k1"}""";
        var client = host.Anonymous;
        await With(host, Make(header, claims, text => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))).GetAsync("/rpc/probe/a/Key").OkAsync();

        // The public key, as anyone can fetch it, used as the secret of an HMAC: in each form it might be taken for one.
        var forms = new[] { rsa.ExportSubjectPublicKeyInfo(), rsa.ExportRSAPublicKey(), Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem()), rsa.ExportParameters(false).Modulus! };
        foreach (var form in forms)
        {
            var forged = Make("""{"alg":"HS256","kid":"k1"}""", claims, text => HMACSHA256.HashData(form, text));
            var problem = await With(host, forged).GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
            Assert.Contains("algorithm", problem.Detail, StringComparison.Ordinal);
        }

        using var other = RSA.Create(2048);
        await With(host, Make(header, claims, text => other.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))).GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");
        await With(host, Make("""{"alg":"RS256","kid":"unknown"}""", claims, text => other.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))).GetAsync("/rpc/probe/a/Key").ProblemAsync(401, "UNAUTHENTICATED");

        static HttpClient With(GatewayHost host, string token) => host.As(token);
    }

    [Fact]
    public async Task When_the_authority_is_away_new_tokens_are_answered_unavailable()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Authentication.Key = null;
            options.Authentication.Authority = "http://127.0.0.1:9";
            options.Authentication.RequireHttps = false;
        });
        host.Log.Expect("could not be fetched");
        await host.As(Make("""{"alg":"RS256"}""", Claims(), _ => [1, 2, 3])).GetAsync("/rpc/probe/a/Key").ProblemAsync(503, "UNAVAILABLE");
    }

    [Fact]
    public void The_cache_stays_within_its_bound_and_forgets_what_expired()
    {
        var time = new TestClock();
        var cache = new TokenCache(64, time);
        for (var i = 0; i < 1000; i++) cache.Add($"Bearer token-{i:00000000}", CallerIdentity.Anonymous, time.GetUtcNow().AddMinutes(i % 2 == 0 ? 1 : 10), cache.Generation);
        Assert.InRange(Enumerable.Range(0, 1000).Count(i => cache.TryGet($"Bearer token-{i:00000000}", out _)), 1, 64);
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.DoesNotContain(Enumerable.Range(0, 1000), i => cache.TryGet($"Bearer token-{i:00000000}", out _));
    }

    private static string Claims(int expires = 3600, int notBefore = -10, string? audience = "granary", string issuer = "granary", string subject = "mallory")
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object> { ["iss"] = issuer, ["sub"] = subject, ["exp"] = now + expires, ["nbf"] = now + Math.Min(notBefore, expires - 3600 + notBefore), ["roles"] = new[] { "admin" } };
        if (audience is not null) claims["aud"] = audience;
        return JsonSerializer.Serialize(claims);
    }

    private static string Sign(string algorithm, string claims) =>
        Make($$"""{"alg":"{{algorithm}}","typ":"JWT"}""", claims, text => algorithm == "HS512" ? HMACSHA512.HashData(s_key, text) : HS256(text));

    private static byte[] HS256(byte[] text) => HMACSHA256.HashData(s_key, text);

    private static string Make(string header, string claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(claims)}";
        return $"{text}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    private static string Tamper(string token)
    {
        var parts = token.Split('.');
        parts[1] = Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("mallory", "alice", StringComparison.Ordinal));
        return string.Join('.', parts);
    }

    private static async Task<WebApplication> AuthorityAsync(RSA key, string id)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var parameters = key.ExportParameters(false);
        app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Text($$"""{"issuer":"http://{{request.Host}}","jwks_uri":"http://{{request.Host}}/keys"}""", "application/json"));
        app.MapGet("/keys", () => Results.Text($$"""{"keys":[{"kty":"RSA","use":"sig","kid":"{{id}}","n":"{{Base64UrlEncoder.Encode(parameters.Modulus)}}","e":"{{Base64UrlEncoder.Encode(parameters.Exponent)}}"}]}""", "application/json"));
        await app.StartAsync();
        return app;
    }
}
