using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Tests;

/// <summary>Public keys of the configuration, and those of an authority over time.</summary>
public sealed class TokenKeyTests
{
    private const string Address = "/rpc/probe/a/Key";

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task A_public_key_checks_the_tokens_of_who_has_the_private_one(string algorithm)
    {
        using var rsa = RSA.Create(2048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = algorithm == "ES256" ? curve.ExportSubjectPublicKeyInfoPem() : rsa.ExportSubjectPublicKeyInfoPem();
        await using var host = await StartAsync(pem);
        await host.As(Make(algorithm, rsa, curve)).GetAsync(Address).OkAsync();

        using var otherRsa = RSA.Create(2048);
        using var otherCurve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await host.As(Make(algorithm, otherRsa, otherCurve)).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");

        // The other family's signature under this one's key, and the public key as a shared secret.
        await host.As(Make(algorithm == "ES256" ? "RS256" : "ES256", rsa, curve)).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
        foreach (var secret in new[] { Encoding.ASCII.GetBytes(pem), Encoding.ASCII.GetBytes(pem + "\n"), rsa.ExportSubjectPublicKeyInfo(), curve.ExportSubjectPublicKeyInfo() })
        {
            var forged = Make("""{"alg":"HS256"}""", Claims("granary"), text => HMACSHA256.HashData(secret, text));
            Assert.Contains("algorithm", (await host.As(forged).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED")).Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task While_keys_are_changed_both_count()
    {
        using var old = RSA.Create(2048);
        using var current = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, old.ExportRSAPublicKeyPem() + "\n" + current.ExportSubjectPublicKeyInfoPem());
            await using var host = await GatewayHost.StartAsync(options => (options.Authentication.Key, options.Authentication.PublicKeyFile) = (null, file));
            await host.As(Make("RS256", old, current)).GetAsync(Address).OkAsync();
            await host.As(Make("ES256", old, current)).GetAsync(Address).OkAsync();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_public_key_that_is_none_stops_the_start_and_is_not_quoted()
    {
        using var rsa = RSA.Create(2048);
        using var weak = RSA.Create(1024);
        var secret = rsa.ExportPkcs8PrivateKeyPem();
        foreach (var (pem, detail) in new[] { (secret, "private key"), (weak.ExportSubjectPublicKeyInfoPem(), "2048 bits"), ("nonsense", "-----BEGIN PUBLIC KEY-----") })
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(pem));
            Assert.Contains("Granary:Authentication:PublicKey", error.Message, StringComparison.Ordinal);
            Assert.Contains(detail, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(secret.Split('\n')[1], error.Message, StringComparison.Ordinal);
        }

        var both = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options => options.Authentication.PublicKey = rsa.ExportSubjectPublicKeyInfoPem()));
        Assert.Contains("a PublicKey and a Key", both.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_key_of_the_authority_is_found_at_once_and_a_flood_of_unknown_ones_asks_once()
    {
        using var first = RSA.Create(2048);
        using var second = RSA.Create(2048);
        await using var authority = await Authority.StartAsync();
        authority.Publish(("k1", first));
        var time = new TestClock();
        await using var host = await StartAsync(authority, time);
        await host.As(authority.Token("k1", first)).GetAsync(Address).OkAsync();
        Assert.Equal(1, authority.Fetches);

        authority.Publish(("k1", first), ("k2", second));
        time.Advance(TimeSpan.FromSeconds(11));
        await host.As(authority.Token("k2", second)).GetAsync(Address).OkAsync();
        Assert.Equal(2, authority.Fetches);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => host.As(authority.Token($"made-up-{i}", second, subject: $"{i}")).GetAsync(Address)));
        Assert.Equal(2, authority.Fetches);
    }

    [Fact]
    public async Task An_authority_that_goes_away_does_not_stop_the_keys_it_had()
    {
        using var rsa = RSA.Create(2048);
        using var other = RSA.Create(2048);
        var time = new TestClock();
        var authority = await Authority.StartAsync();
        authority.Publish(("k1", rsa));
        await using var host = await StartAsync(authority, time);
        host.Log.Expect("could not be fetched");
        await host.As(authority.Token("k1", rsa)).GetAsync(Address).OkAsync();
        await authority.DisposeAsync();
        time.Advance(TimeSpan.FromMinutes(30));
        for (var i = 0; i < 3; i++)
        {
            await host.As(authority.Token("k1", rsa, subject: $"new {i}")).GetAsync(Address).OkAsync();
            await host.As(authority.Token("k9", other)).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
            time.Advance(TimeSpan.FromSeconds(11));
        }
    }

    [Fact]
    public async Task A_key_that_is_withdrawn_closes_remembered_tokens_too()
    {
        using var stolen = RSA.Create(2048);
        using var fresh = RSA.Create(2048);
        await using var authority = await Authority.StartAsync();
        authority.Publish(("k1", stolen));
        var time = new TestClock();
        await using var host = await StartAsync(authority, time);
        var client = host.As(authority.Token("k1", stolen));
        await client.GetAsync(Address).OkAsync();
        authority.Publish(("k2", fresh));
        time.Advance(TimeSpan.FromSeconds(11));
        await host.As(authority.Token("k2", fresh)).GetAsync(Address).OkAsync();
        await client.GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_key_that_takes_the_name_of_another_takes_its_place()
    {
        using var stolen = RSA.Create(2048);
        using var fresh = RSA.Create(2048);
        await using var authority = await Authority.StartAsync();
        authority.Publish(("same-name", stolen));
        var time = new TestClock();
        await using var host = await StartAsync(authority, time);
        var client = host.As(authority.Token("same-name", stolen));
        await client.GetAsync(Address).OkAsync();
        authority.Publish(("same-name", fresh));
        time.Advance(TimeSpan.FromMinutes(11));
        await client.GetAsync(Address).OkAsync();
        await Eventually.HoldsAsync(async () => (await client.GetAsync(Address)).StatusCode == System.Net.HttpStatusCode.Unauthorized, "the old key's tokens are refused");
        await host.As(authority.Token("same-name", fresh)).GetAsync(Address).OkAsync();
    }

    [Fact]
    public async Task Keys_that_are_weak_or_for_something_else_are_left_out()
    {
        using var weak = RSA.Create(1024);
        using var good = RSA.Create(2048);
        await using var authority = await Authority.StartAsync();
        authority.Publish(("weak", weak), ("good", good));
        await using var host = await StartAsync(authority, new TestClock());
        await host.As(authority.Token("good", good)).GetAsync(Address).OkAsync();
        await host.As(authority.Token("weak", weak)).GetAsync(Address).ProblemAsync(401, "UNAUTHENTICATED");
    }

    private static Task<GatewayHost> StartAsync(string pem) => GatewayHost.StartAsync(options => (options.Authentication.Key, options.Authentication.PublicKey) = (null, pem));

    private static Task<GatewayHost> StartAsync(Authority authority, TestClock time) => GatewayHost.StartAsync(
        options => (options.Authentication.Key, options.Authentication.Authority, options.Authentication.RequireHttps) = (null, authority.Issuer, false),
        services => services.AddSingleton<TimeProvider>(time));

    private static string Make(string algorithm, RSA rsa, ECDsa curve) => Make($$"""{"alg":"{{algorithm}}"}""", Claims("granary"), text => algorithm switch
    {
        "RS256" => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "PS256" => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        _ => curve.SignData(text, HashAlgorithmName.SHA256),
    });

    private static string Claims(string issuer, string subject = "ann") => JsonSerializer.Serialize(new { iss = issuer, aud = "granary", sub = subject, exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 7200 });

    private static string Make(string header, string claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(claims)}";
        return $"{text}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    /// <summary>An OpenID Connect provider as far as its keys go.</summary>
    private sealed class Authority(WebApplication app) : IAsyncDisposable
    {
        private volatile string _keys = "[]";
        private int _fetches;

        public int Fetches => Volatile.Read(ref _fetches);

        public string Issuer { get; private set; } = "";

        public static async Task<Authority> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            var authority = new Authority(builder.Build());
            authority.Map();
            await authority.RunAsync();
            return authority;
        }

        public void Publish(params (string Id, RSA Key)[] keys) => _keys = JsonSerializer.Serialize(keys.Select(k => new
        {
            kty = "RSA",
            use = "sig",
            kid = k.Id,
            n = Base64UrlEncoder.Encode(k.Key.ExportParameters(false).Modulus),
            e = Base64UrlEncoder.Encode(k.Key.ExportParameters(false).Exponent),
        }));

        public string Token(string keyId, RSA key, string subject = "ann") =>
            Make($$"""{"alg":"RS256","kid":"{{keyId}}"}""", Claims(Issuer, subject), text => key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private void Map()
        {
            app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Text($$"""{"issuer":"{{Issuer}}","jwks_uri":"http://{{request.Host}}/keys"}""", "application/json"));
            app.MapGet("/keys", () =>
            {
                Interlocked.Increment(ref _fetches);
                return Results.Text($$"""{"keys":{{_keys}}}""", "application/json");
            });
        }

        private async Task RunAsync()
        {
            await app.StartAsync();
            Issuer = app.Urls.First();
        }
    }
}
