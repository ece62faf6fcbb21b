using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Certificates;

/// <summary>
/// A small private authority (RFC 5280): EC P-256 keys, ECDSA with SHA-256, leaves right below it. Enough for development and for a cluster whose certificates nobody else issues; its key lies where it is put, so
/// production keys belong to an authority that guards them. Not thread-safe.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>How far certificates reach back, since clocks differ.</summary>
    private static readonly TimeSpan s_allowance = TimeSpan.FromMinutes(5);

    private const int SerialBytes = 16;

    private readonly TimeProvider _time;

    /// <param name="certificate">The authority's, with its key; it belongs to this object from here on.</param>
    /// <param name="time">The clock of "from now on".</param>
    /// <exception cref="ArgumentException">The certificate is no authority's, or comes without its key.</exception>
    public CertificateAuthority(X509Certificate2 certificate, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(static b => b.CertificateAuthority)) throw new ArgumentException($"{certificate.Subject} is no authority: its basic constraints do not say CA.", nameof(certificate));
        if (!certificate.HasPrivateKey) throw new ArgumentException($"The key of {certificate.Subject} is missing.", nameof(certificate));
        Certificate = certificate;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The authority's own certificate, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Makes a new authority.</summary>
    /// <param name="name">Its common name.</param>
    /// <param name="validFor">How long it is good for.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="from">When it begins; five minutes ago by default.</param>
    public static CertificateAuthority Create(string name, TimeSpan validFor, TimeProvider? time = null, DateTimeOffset? from = null)
    {
        time ??= TimeProvider.System;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(name), key, HashAlgorithmName.SHA256);

        // It signs leaves and lists, and no further authorities.
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(from ?? now - s_allowance, now + validFor), time);
    }

    /// <summary>Issues a certificate with a new key.</summary>
    /// <param name="kind">What for.</param>
    /// <param name="name">Its common name.</param>
    /// <param name="names">Its subject alternative names: host names (<c>*.</c> in front for any one label), IP addresses, and URIs such as SPIFFE ids.</param>
    /// <param name="validFor">How long it is good for, from now or <paramref name="from"/> on; cut to the authority's own time.</param>
    /// <param name="from">When it begins; five minutes ago by default.</param>
    /// <returns>The certificate with its key.</returns>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public X509Certificate2 Issue(CertificateKind kind, string name, IEnumerable<string> names, TimeSpan validFor, DateTimeOffset? from = null)
    {
        ArgumentNullException.ThrowIfNull(names);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(CertificatePurpose.Of(kind), critical: false));
        if (Alternatives(names) is { } alternatives) request.CertificateExtensions.Add(alternatives);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var begins = Later(from ?? _time.GetUtcNow() - s_allowance, new DateTimeOffset(Certificate.NotBefore));
        var ends = Earlier((from ?? _time.GetUtcNow()) + validFor, new DateTimeOffset(Certificate.NotAfter));
        using var issued = request.Create(Certificate, begins, ends, Serial());
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Signs a revocation list (RFC 5280, 5): the one there is, if there is one, and more certificates.</summary>
    /// <param name="list">The list so far, DER; null for a new one.</param>
    /// <param name="revoked">Those to add.</param>
    /// <param name="validFor">After which a newer list is expected.</param>
    /// <returns>The list, DER.</returns>
    /// <exception cref="CryptographicException">The list so far cannot be read.</exception>
    public byte[] Revoke(byte[]? list, IEnumerable<X509Certificate2> revoked, TimeSpan validFor)
    {
        ArgumentNullException.ThrowIfNull(revoked);
        var number = BigInteger.Zero;
        var builder = list is null ? new CertificateRevocationListBuilder() : CertificateRevocationListBuilder.Load(list, out number);
        var now = _time.GetUtcNow();
        foreach (var certificate in revoked)
        {
            // Once is enough.
            builder.RemoveEntry(certificate.SerialNumberBytes.Span);
            builder.AddEntry(certificate, now);
        }

        return builder.Build(Certificate, number + 1, now + validFor, HashAlgorithmName.SHA256, rsaSignaturePadding: null, now - s_allowance);
    }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    private static X500DistinguishedName Subject(string name)
    {
        if (string.IsNullOrWhiteSpace(name)) throw new ArgumentException("A certificate needs a name.", nameof(name));
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        return subject.Build();
    }

    private static X509Extension? Alternatives(IEnumerable<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        var any = false;
        foreach (var name in names)
        {
            any = true;
            if (IPAddress.TryParse(name, out var address)) builder.AddIpAddress(address);
            else if (name.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(name, UriKind.Absolute, out var uri)) builder.AddUri(uri);
            else if (IsHostName(name)) builder.AddDnsName(name);
            else throw new ArgumentException($"'{name}' is no name for a certificate; a host name such as api.example.com, *.example.com, an IP address or a URI such as spiffe://cluster/silo is.", nameof(names));
        }

        return any ? builder.Build() : null;
    }

    /// <summary>Whether a text is a host name (RFC 1123, 2.1), or one with <c>*</c> as its first label.</summary>
    public static bool IsHostName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var rest = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        return rest.Length is > 0 and <= 253 && rest.Split('.').All(static label => label.Length is > 0 and <= 63 && label.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && label[0] != '-' && label[^1] != '-');
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);

        // Positive, and of full length.
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
