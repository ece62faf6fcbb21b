using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>
/// The callers that connections' certificates make. The listener has validated the certificate (chain, time, revocation, purpose); here only its names are looked at, once for each connection. Thread-safe.
/// </summary>
internal sealed class CertificateCallers
{
    private readonly TimeProvider _time;
    private volatile State _state;

    public CertificateCallers(IOptionsMonitor<GatewayOptions> options, TimeProvider time)
    {
        _time = time;
        _state = new State(options.CurrentValue.Authentication.Certificates);
        options.OnChange(changed => _state = new State(changed.Authentication.Certificates));
    }

    /// <summary>Whether any certificate makes a caller.</summary>
    public bool AreUsed => _state.Rules.Count > 0;

    /// <summary>The caller of a connection's certificate; null when no rule fits, or it has expired since the handshake.</summary>
    public CallerIdentity? Find(X509Certificate2 certificate)
    {
        var state = _state;
        var caller = state.Callers.GetValue(certificate, state.Make).Caller;
        return caller is not null && caller.Expires > _time.GetUtcNow() ? caller : null;
    }

    /// <summary>What is wrong with a rule, or null.</summary>
    public static string? Problem(CertificateOptions rule)
    {
        string?[] which = [rule.Name, rule.CommonName, rule.Thumbprint];
        if (which.Count(w => !string.IsNullOrEmpty(w)) != 1) return "must have exactly one of Name, CommonName and Thumbprint";
        if (!string.IsNullOrEmpty(rule.Thumbprint))
        {
            if (rule.Thumbprint.Length != 64 || !rule.Thumbprint.All(char.IsAsciiHexDigit)) return "has a Thumbprint that is no SHA-256 in hexadecimal, 64 digits: openssl x509 -in cert.pem -outform DER | sha256sum";
            return string.IsNullOrEmpty(rule.Subject) ? "has a Thumbprint and no Subject; write who calls" : null;
        }

        var pattern = (rule.Name ?? rule.CommonName)!;
        var stars = pattern.Count(c => c == '*');
        if (stars > 1 || (stars == 1 && pattern[0] != '*' && pattern[^1] != '*')) return $"has the pattern '{pattern}'; one '*' at its beginning or end is accepted";
        return pattern.Trim('*').Length < 2 ? $"has the pattern '{pattern}', which nearly anything fits; write more of the name" : null;
    }

    private sealed class State(IList<CertificateOptions> rules)
    {
        public IReadOnlyList<CertificateOptions> Rules { get; } = [.. rules];

        // One for each connection's certificate, for as long as that lives.
        public ConditionalWeakTable<X509Certificate2, Found> Callers { get; } = [];

        public Found Make(X509Certificate2 certificate)
        {
            var names = Names(certificate);
            foreach (var rule in Rules)
            {
                if (!Fits(rule, certificate, names, out var name)) continue;
                var subject = string.IsNullOrEmpty(rule.Subject) ? name : rule.Subject;
                return new Found(ApiKey.CallerOf(subject, rule.Roles, rule.Scopes, rule.Tenant, new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero), CredentialKind.Certificate));
            }

            return new Found(null);
        }

        private static bool Fits(CertificateOptions rule, X509Certificate2 certificate, List<(string Name, bool IsDns)> names, [NotNullWhen(true)] out string? name)
        {
            name = null;
            if (!string.IsNullOrEmpty(rule.Thumbprint))
            {
                name = rule.Thumbprint;
                return CryptographicOperations.FixedTimeEquals(Convert.FromHexString(rule.Thumbprint), SHA256.HashData(certificate.RawDataMemory.Span));
            }

            if (!string.IsNullOrEmpty(rule.CommonName))
            {
                name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
                return name.Length > 0 && IsLike(name, rule.CommonName, StringComparison.Ordinal);
            }

            foreach (var (candidate, isDns) in names)
            {
                if (!IsLike(candidate, rule.Name!, isDns ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)) continue;
                name = isDns ? candidate.ToLowerInvariant() : candidate;
                return true;
            }

            return false;
        }

        private static bool IsLike(string name, string pattern, StringComparison comparison)
        {
            if (pattern[0] == '*') return name.Length > pattern.Length - 1 && name.EndsWith(pattern[1..], comparison);
            return pattern[^1] == '*' ? name.Length > pattern.Length - 1 && name.StartsWith(pattern[..^1], comparison) : name.Equals(pattern, comparison);
        }

        // RFC 5280, 4.2.1.6: dNSName is [2], uniformResourceIdentifier [6].
        private static List<(string Name, bool IsDns)> Names(X509Certificate2 certificate)
        {
            List<(string, bool)> names = [];
            if (certificate.Extensions["2.5.29.17"] is not { } extension) return names;
            try
            {
                var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (reader.HasData)
                {
                    var tag = reader.PeekTag();
                    if (tag is { TagClass: TagClass.ContextSpecific, TagValue: 2 or 6 }) names.Add((reader.ReadCharacterString(UniversalTagNumber.IA5String, tag), tag.TagValue == 2));
                    else reader.ReadEncodedValue();
                }
            }
            catch (AsnContentException)
            {
                return [];
            }

            return names;
        }
    }

    private sealed record Found(CallerIdentity? Caller);
}
