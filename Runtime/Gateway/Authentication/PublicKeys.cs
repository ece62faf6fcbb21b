using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Authentication;

/// <summary>Reads the public keys of the configuration: PEM (RFC 7468), one or several, as <c>PUBLIC KEY</c>, <c>RSA PUBLIC KEY</c> or <c>CERTIFICATE</c>.</summary>
internal static class PublicKeys
{
    private const int MaxKeys = 16;
    private const int LeastRsaBits = 2048;

    /// <summary>Whether the options have any.</summary>
    public static bool AreIn(AuthenticationOptions options) => !string.IsNullOrEmpty(options.PublicKey) || !string.IsNullOrEmpty(options.PublicKeyFile);

    /// <summary>The keys of the options, or what is wrong with them.</summary>
    public static (IReadOnlyList<SecurityKey> Keys, string? Problem) Read(AuthenticationOptions options)
    {
        var text = options.PublicKey;
        if (!string.IsNullOrEmpty(options.PublicKeyFile))
        {
            if (!string.IsNullOrEmpty(text)) return ([], "there is a PublicKey too; keep one of them");
            try
            {
                text = File.ReadAllText(options.PublicKeyFile);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                return ([], $"the file '{options.PublicKeyFile}' cannot be read: {exception.Message}");
            }
        }

        List<SecurityKey> keys = [];
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out var found))
        {
            var label = rest[found.Label].ToString();
            if (label.Contains("PRIVATE", StringComparison.Ordinal)) return ([], "it has a private key; write the public key alone, for example the output of 'openssl pkey -pubout -in key.pem'");
            if (keys.Count == MaxKeys) return ([], $"it has more than {MaxKeys} keys");
            if (ReadOne(label, rest[found.Location]) is not { } key) return ([], $"its part '{label}' is no public key for signatures; RSA of {LeastRsaBits} bits or more, and the curves P-256, P-384 and P-521 are accepted");
            keys.Add(key);
            rest = rest[found.Location.End..];
        }

        return keys.Count == 0 ? ([], "it has no public key in PEM, which begins with '-----BEGIN PUBLIC KEY-----'") : (keys, null);
    }

    /// <summary>The same key, imported once: the library would do it again for every token, which takes longer than the check.</summary>
    public static SecurityKey Ready(SecurityKey key)
    {
        if (key is not RsaSecurityKey { Rsa: null } parameters) return key;
        var rsa = RSA.Create();
        rsa.ImportParameters(parameters.Parameters);
        return new RsaSecurityKey(rsa) { KeyId = key.KeyId };
    }

    private static SecurityKey? ReadOne(string label, ReadOnlySpan<char> pem)
    {
        try
        {
            if (label == "CERTIFICATE")
            {
                using var certificate = X509Certificate2.CreateFromPem(pem);
                return Key(certificate.GetRSAPublicKey(), certificate.GetECDsaPublicKey());
            }

            if (label is not ("PUBLIC KEY" or "RSA PUBLIC KEY")) return null;
            return Rsa(pem) is { } rsa ? Key(rsa, null) : Key(null, Curve(pem));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static RSA? Rsa(ReadOnlySpan<char> pem)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return rsa;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            return null;
        }
    }

    private static ECDsa? Curve(ReadOnlySpan<char> pem)
    {
        var curve = ECDsa.Create();
        try
        {
            curve.ImportFromPem(pem);
            return curve;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            curve.Dispose();
            return null;
        }
    }

    private static SecurityKey? Key(RSA? rsa, ECDsa? curve)
    {
        if (rsa is not null) return rsa.KeySize >= LeastRsaBits ? Ready(new RsaSecurityKey(rsa.ExportParameters(false))) : null;
        return curve is { KeySize: 256 or 384 or 521 } ? new ECDsaSecurityKey(curve) : null;
    }
}
