using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Certificates;

/// <summary>What a process proves itself with, and whom it believes: one state of its <see cref="CertificateFiles"/>.</summary>
/// <param name="Certificate">The process's, with its key.</param>
/// <param name="Context">The same with its intermediates, as a handshake sends it.</param>
/// <param name="Authorities">Those trusted; null for the machine's.</param>
/// <param name="Revoked">Their revocation lists.</param>
public sealed record CertificateSet(X509Certificate2 Certificate, SslStreamCertificateContext Context, X509Certificate2Collection? Authorities, IReadOnlyList<RevocationList> Revoked)
{
    /// <summary>Until when the certificate is good.</summary>
    public DateTimeOffset NotAfter => new(Certificate.NotAfter);

    /// <summary>From when on it is good.</summary>
    public DateTimeOffset NotBefore => new(Certificate.NotBefore);

    /// <summary>Whether the certificate is good at a moment.</summary>
    public bool IsValidAt(DateTimeOffset moment) => moment >= NotBefore && moment <= NotAfter;

    /// <summary>Whether it is time to renew it: less than a tenth of its life is left, or less than 30 days of a life longer than 90.</summary>
    public bool EndsSoon(DateTimeOffset now)
    {
        var life = NotAfter - NotBefore;
        var left = NotAfter - now;
        return left < life / 10 || (life > TimeSpan.FromDays(90) && left < TimeSpan.FromDays(30));
    }

    /// <summary>How a handshake is to check the other end's certificate. Nothing is fetched from the network meanwhile: no missing intermediates, no revocation lists.</summary>
    /// <param name="purpose">What the other's must be for: <see cref="CertificatePurpose"/>.</param>
    public X509ChainPolicy Policy(Oid purpose) => Policy(Authorities, purpose);

    /// <summary>The same for a process that has authorities and no certificate.</summary>
    public static X509ChainPolicy Policy(X509Certificate2Collection? authorities, Oid purpose)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(purpose);
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return policy;
    }
}
