using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Certificates;

/// <summary>The check of the certificate that the other end of a connection showed, in words.</summary>
public static class PeerCertificate
{
    /// <summary>Why a certificate is refused; null when it is not. Its names are not looked at.</summary>
    /// <param name="certificate">The other end's.</param>
    /// <param name="chain">As the platform built it, by <see cref="CertificateSet.Policy(System.Security.Cryptography.Oid)"/>.</param>
    /// <param name="errors">What the platform found.</param>
    /// <param name="revoked">The lists of the authorities.</param>
    /// <param name="section">The configuration section with the authorities, for the message.</param>
    public static string? Problem(X509Certificate2 certificate, X509Chain? chain, SslPolicyErrors errors, IReadOnlyList<RevocationList> revoked, string section)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(revoked);
        if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0) return Describe(certificate, chain, section);
        if (revoked.Count == 0) return null;
        IEnumerable<X509Certificate2> all = chain is { ChainElements.Count: > 0 } ? chain.ChainElements.Select(static e => e.Certificate) : [certificate];
        return all.FirstOrDefault(c => revoked.Any(list => list.Revokes(c))) is { } bad
            ? $"Its certificate ({certificate.Subject}){(bad.Thumbprint == certificate.Thumbprint ? "" : $" comes from {bad.Subject}, which")} has been revoked: {bad.Issuer} lists the serial number {bad.SerialNumber} ({section}:CrlFile)."
            : null;
    }

    /// <summary>The names a certificate holds: of its subject alternative names the DNS names, addresses and URIs; the common name when there are none.</summary>
    /// <exception cref="AsnContentException">They cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They cannot be read.</exception>
    public static IReadOnlyList<string> NamesOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var names = new List<string>();
        foreach (var extension in certificate.Extensions)
        {
            if (extension is not X509SubjectAlternativeNameExtension alternatives) continue;
            names.AddRange(alternatives.EnumerateDnsNames());
            names.AddRange(alternatives.EnumerateIPAddresses().Select(static a => a.ToString()));

            // URIs (RFC 5280, 4.2.1.6: [6] IA5String), which the platform does not list; SPIFFE ids are such.
            var sequence = new AsnReader(alternatives.RawData, AsnEncodingRules.DER).ReadSequence();
            var uri = new Asn1Tag(TagClass.ContextSpecific, 6);
            while (sequence.HasData)
            {
                if (sequence.PeekTag() == uri) names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, uri));
                else sequence.ReadEncodedValue();
            }
        }

        if (names.Count == 0 && certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } common) names.Add(common);
        return names;
    }

    private static string Describe(X509Certificate2 certificate, X509Chain? chain, string section)
    {
        var subject = certificate.Subject;
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, s) => all | s.Status) ?? X509ChainStatusFlags.PartialChain;
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0) return $"Its certificate ({subject}) or one above it is not valid now: {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}. Renew it; the new file is taken up without a restart.";
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0) return $"Its certificate ({subject}) comes from {certificate.Issuer}, which is none of the authorities of {section}:CaFile.";
        if ((status & X509ChainStatusFlags.NotValidForUsage) != 0) return $"Its certificate ({subject}) is not for this use: its extended key usage must hold {(section.Contains("Engine", StringComparison.Ordinal) ? "both server and client" : "client")} authentication, or be absent.";
        return $"Its certificate ({subject}) was refused: {status}.";
    }
}
