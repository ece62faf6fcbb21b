using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Granary.Gateway;
using Granary.Gateway.Authentication;
using Granary.Rpc;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Benchmarks.Identity;

/// <summary>What it costs to find out who calls: a token whose signature is checked, one that is remembered, and the seal under which grains are told.</summary>
internal sealed class Tokens : IBenchmark
{
    private const string Secret = "a key of the benchmark that is long enough";

    public string Name => "tokens";

    public string About => "validate a token by its signature, look up one that is remembered, open the sealed identity in a grain";

    public async Task RunAsync(Session session)
    {
        using var rsa = RSA.Create(2048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await CompareAsync(session, "HS256", new AuthenticationOptions { Key = Secret }, text => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), text));
        await CompareAsync(session, "RS256", new AuthenticationOptions { PublicKey = rsa.ExportSubjectPublicKeyInfoPem() }, text => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        await CompareAsync(session, "ES256", new AuthenticationOptions { PublicKey = curve.ExportSubjectPublicKeyInfoPem() }, text => curve.SignData(text, HashAlgorithmName.SHA256));

        var seal = new CallerSeal(Secret);
        var text = seal.Seal(new RpcCaller("alice", ["user", "auditor"], tenant: "acme"));
        var (known, sealing) = await Measurement.RatesAsync(session, n => Open(n, seal, text), n => Seal(n, seal));
        session.Add(Name, "sealed identity, opened again", known.AsNanoseconds());
        session.Add(Name, "sealed identity, sealed", sealing.AsNanoseconds());
    }

    private async Task CompareAsync(Session session, string algorithm, AuthenticationOptions options, Func<byte[], byte[]> sign)
    {
        var header = "Bearer " + Token(algorithm, sign);
        var cached = Authenticator(options, 10_000);
        var plain = Authenticator(options, 0);
        if ((await cached.AuthenticateAsync(header, default)).Error is { } wrong) throw new InvalidOperationException(wrong.Message);
        var (remembered, validated) = await Measurement.RatesAsync(session, n => LookUp(n, cached, header), n => Validate(n, plain, header));
        session.Add(Name, $"{algorithm}: remembered", remembered, new Peer("validated each time", validated.Value, validated.Value, SameRun: true));
    }

    private static void LookUp(int n, TokenAuthenticator tokens, string header)
    {
        for (var i = 0; i < n; i++)
        {
            if (!tokens.TryGetCached(header, out _)) throw new InvalidOperationException("The token was forgotten.");
        }
    }

    private static void Validate(int n, TokenAuthenticator tokens, string header)
    {
        for (var i = 0; i < n; i++)
        {
            // Completes at once: the keys are there.
            if (tokens.AuthenticateAsync(header, default).Result.Error is { } error) throw new InvalidOperationException(error.Message);
        }
    }

    private static void Open(int n, CallerSeal seal, string text)
    {
        for (var i = 0; i < n; i++)
        {
            if (seal.Open(text) is null) throw new InvalidOperationException("The seal is broken.");
        }
    }

    private static void Seal(int n, CallerSeal seal)
    {
        var caller = new RpcCaller("alice", ["user", "auditor"], tenant: "acme");
        for (var i = 0; i < n; i++) seal.Seal(caller);
    }

    private static TokenAuthenticator Authenticator(AuthenticationOptions options, int cached)
    {
        var gateway = new GatewayOptions
        {
            Authentication = new AuthenticationOptions { Key = options.Key, PublicKey = options.PublicKey, CachedTokens = cached },
        };
        return new TokenAuthenticator(new Fixed(gateway), TimeProvider.System, NullLogger<TokenAuthenticator>.Instance);
    }

    private static string Token(string algorithm, Func<byte[], byte[]> sign)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["iss"] = "granary",
            ["aud"] = "granary",
            ["sub"] = "alice",
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 3600,
            ["jti"] = "5d0d5c36-2a7e-4c4a-9c0a-5ed4f3a1b7c2",
            ["roles"] = new[] { "user", "auditor" },
            ["tenant"] = "acme",
        });
        var text = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"{{algorithm}}","typ":"JWT"}"""))}.{Base64Url.EncodeToString(claims)}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    private sealed class Fixed(GatewayOptions options) : IOptionsMonitor<GatewayOptions>
    {
        public GatewayOptions CurrentValue => options;

        public GatewayOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<GatewayOptions, string?> listener) => null;
    }
}
