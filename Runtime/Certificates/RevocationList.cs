using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Certificates;

/// <summary>
/// A certificate revocation list (RFC 5280, 5) whose signature has been checked. The platform looks lists up on the network only; this one comes from a file. Lists that say what they revoke in other ways
/// (deltas, indirect ones, those for some certificates only) are refused rather than half understood. Immutable.
/// </summary>
public sealed class RevocationList
{
    /// <summary>The label of its PEM form (RFC 7468, 7).</summary>
    public const string PemLabel = "X509 CRL";

    private const string CrlNumber = "2.5.29.20";
    private const string AuthorityKeyIdentifier = "2.5.29.35";

    private static readonly Dictionary<string, HashAlgorithmName> s_ecdsa = new(StringComparer.Ordinal)
    {
        ["1.2.840.10045.4.3.2"] = HashAlgorithmName.SHA256,
        ["1.2.840.10045.4.3.3"] = HashAlgorithmName.SHA384,
        ["1.2.840.10045.4.3.4"] = HashAlgorithmName.SHA512,
    };

    private static readonly Dictionary<string, HashAlgorithmName> s_rsa = new(StringComparer.Ordinal)
    {
        ["1.2.840.113549.1.1.11"] = HashAlgorithmName.SHA256,
        ["1.2.840.113549.1.1.12"] = HashAlgorithmName.SHA384,
        ["1.2.840.113549.1.1.13"] = HashAlgorithmName.SHA512,
    };

    private readonly byte[] _issuer;
    private readonly HashSet<string> _serials;

    private RevocationList(byte[] issuer, HashSet<string> serials, DateTimeOffset thisUpdate, DateTimeOffset? nextUpdate)
    {
        (_issuer, _serials) = (issuer, serials);
        (ThisUpdate, NextUpdate) = (thisUpdate, nextUpdate);
        Issuer = new X500DistinguishedName(issuer).Name;
    }

    /// <summary>Whose list it is.</summary>
    public string Issuer { get; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset ThisUpdate { get; }

    /// <summary>By when there will be a newer one; null when it does not say.</summary>
    public DateTimeOffset? NextUpdate { get; }

    /// <summary>How many certificates are revoked.</summary>
    public int Count => _serials.Count;

    /// <summary>Whether it says that a certificate is revoked.</summary>
    public bool Revokes(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return _serials.Count > 0 && certificate.IssuerName.RawData.AsSpan().SequenceEqual(_issuer) && _serials.Contains(Convert.ToHexString(certificate.SerialNumberBytes.Span));
    }

    /// <summary>Reads every list of a file's contents: PEM, one after the other, or one in DER.</summary>
    /// <param name="contents">The file's.</param>
    /// <param name="authorities">Those of whom one must have signed each list.</param>
    /// <exception cref="CryptographicException">It holds no list, or one that is damaged, not signed by an authority, or of a kind that is not understood.</exception>
    public static IReadOnlyList<RevocationList> Read(ReadOnlySpan<byte> contents, IEnumerable<X509Certificate2> authorities)
    {
        var all = authorities.ToList();
        var lists = new List<RevocationList>();
        try
        {
            // DER begins with a SEQUENCE; PEM is text.
            if (contents.Length > 0 && contents[0] == 0x30)
            {
                lists.Add(Parse(contents.ToArray(), all));
                return lists;
            }

            var rest = System.Text.Encoding.ASCII.GetString(contents).AsSpan();
            while (PemEncoding.TryFind(rest, out var fields))
            {
                if (rest[fields.Label].SequenceEqual(PemLabel)) lists.Add(Parse(Convert.FromBase64String(rest[fields.Base64Data].ToString()), all));
                rest = rest[fields.Location.End..];
            }
        }
        catch (AsnContentException error)
        {
            throw new CryptographicException($"the list is damaged: {error.Message}", error);
        }

        return lists.Count > 0 ? lists : throw new CryptographicException($"it holds no revocation list (-----BEGIN {PemLabel}-----)");
    }

    private static RevocationList Parse(byte[] der, List<X509Certificate2> authorities)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var list = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var signed = list.PeekEncodedValue();
        var body = list.ReadSequence();
        var algorithm = list.ReadSequence().ReadObjectIdentifier();
        var signature = list.ReadBitString(out _);
        list.ThrowIfNotEmpty();

        if (body.PeekTag() == Asn1Tag.Integer && body.ReadInteger() != 1) throw new CryptographicException("the list is of a version that is not known");
        if (body.ReadSequence().ReadObjectIdentifier() != algorithm) throw new CryptographicException("the list names two signature algorithms");
        var issuer = body.ReadEncodedValue().ToArray();
        var thisUpdate = ReadTime(body);
        DateTimeOffset? nextUpdate = body.HasData && (body.PeekTag() == Asn1Tag.UtcTime || body.PeekTag() == Asn1Tag.GeneralizedTime) ? ReadTime(body) : null;
        var serials = new HashSet<string>(StringComparer.Ordinal);
        if (body.HasData && body.PeekTag() == Asn1Tag.Sequence)
        {
            var entries = body.ReadSequence();
            while (entries.HasData)
            {
                var entry = entries.ReadSequence();
                serials.Add(Convert.ToHexString(entry.ReadIntegerBytes().Span));
                ReadTime(entry);
                if (entry.HasData) CheckExtensions(entry.ReadSequence());
            }
        }

        var extensions = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (body.HasData && body.PeekTag() == extensions) CheckExtensions(body.ReadSequence(extensions).ReadSequence());
        body.ThrowIfNotEmpty();

        var name = new X500DistinguishedName(issuer).Name;
        var signers = authorities.Where(a => a.SubjectName.RawData.AsSpan().SequenceEqual(issuer) && MaySign(a)).ToList();
        if (signers.Count == 0) throw new CryptographicException($"the list is that of {name}, which is none of the authorities");
        if (!signers.Any(s => IsSigned(s, algorithm, signed.Span, signature))) throw new CryptographicException($"the signature of the list of {name} does not hold");
        return new RevocationList(issuer, serials, thisUpdate, nextUpdate);
    }

    private static DateTimeOffset ReadTime(AsnReader reader) => reader.PeekTag() == Asn1Tag.UtcTime ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    // What is critical must be understood: the issuer of an entry, what the list is for, and what it is the change of are.
    private static void CheckExtensions(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var id = extension.ReadObjectIdentifier();
            var isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            if (isCritical && id is not (CrlNumber or AuthorityKeyIdentifier)) throw new CryptographicException($"the list has the critical extension {id}, which is not understood: a complete list of one authority is needed");
        }
    }

    private static bool MaySign(X509Certificate2 authority) =>
        authority.Extensions.OfType<X509KeyUsageExtension>().All(static u => (u.KeyUsages & X509KeyUsageFlags.CrlSign) != 0);

    private static bool IsSigned(X509Certificate2 signer, string algorithm, ReadOnlySpan<byte> signed, byte[] signature)
    {
        if (s_ecdsa.TryGetValue(algorithm, out var hash))
        {
            using var key = signer.GetECDsaPublicKey();
            return key?.VerifyData(signed, signature, hash, DSASignatureFormat.Rfc3279DerSequence) == true;
        }

        if (!s_rsa.TryGetValue(algorithm, out hash)) throw new CryptographicException($"the list is signed with {algorithm}; ECDSA and RSA (PKCS #1) with SHA-256 to SHA-512 are understood");
        using var rsa = signer.GetRSAPublicKey();
        return rsa?.VerifyData(signed, signature, hash, RSASignaturePadding.Pkcs1) == true;
    }
}
