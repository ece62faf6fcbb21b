using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Granary.Hosting;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// TLS 1.2 or later under a connection: both ends show a certificate (the dialler's is asked for unless that was turned off), each checks the other's for authority, time, purpose and name.
/// The silo protocol's own handshake follows inside, so a shared secret may be asked for besides. Thread-safe.
/// </summary>
internal sealed class PeerTls
{
    private static readonly SslApplicationProtocol s_protocol = new("granary/1");
    private static readonly Oid s_serverPurpose = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid s_clientPurpose = new("1.3.6.1.5.5.7.3.2");

    private readonly TlsOptions _options;
    private readonly TlsCertificates _certificates;

    /// <exception cref="OrleansConfigurationException">A file is missing or does not hold what it should, or the options trust too many.</exception>
    internal PeerTls(TlsOptions options, TimeProvider time, TransportLog log)
    {
        _options = options;
        if (string.IsNullOrEmpty(options.CaFile) && options.AllowedNames.Count == 0 && options.SiloNames.Count == 0)
        {
            throw new OrleansConfigurationException(
                "Granary:Engine:Tls has neither CaFile nor AllowedNames, so that anyone with a certificate that this machine trusts could join. Name the cluster's own authority in CaFile, or the names of its processes in AllowedNames.");
        }

        _certificates = new TlsCertificates(options, time, log);
    }

    /// <summary>The dialler's side. The socket is closed when it throws.</summary>
    /// <exception cref="HandshakeException">The ends do not trust each other.</exception>
    internal Task<PeerSocket> DialAsync(Socket socket, CancellationToken cancellation)
    {
        var loaded = _certificates.Current;
        var check = new Check(this, isServer: true, isRequired: true);
        return OpenAsync(
            socket,
            check,
            stream => stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "",
                    ClientCertificateContext = loaded.Context,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    EncryptionPolicy = EncryptionPolicy.RequireEncryption,
                    ApplicationProtocols = [s_protocol],
                    AllowRenegotiation = false,
                    AllowTlsResume = false,
                    CertificateChainPolicy = Policy(loaded, s_serverPurpose),
                    RemoteCertificateValidationCallback = check.Validate,
                },
                cancellation));
    }

    /// <summary>The acceptor's side. The socket is closed when it throws.</summary>
    /// <exception cref="HandshakeException">The ends do not trust each other.</exception>
    internal Task<PeerSocket> AcceptAsync(Socket socket, CancellationToken cancellation)
    {
        var loaded = _certificates.Current;
        var check = new Check(this, isServer: false, isRequired: _options.RequireMutual);
        return OpenAsync(
            socket,
            check,
            stream => stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = loaded.Context,
                    // Asked for in any case: one that is shown is checked.
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    EncryptionPolicy = EncryptionPolicy.RequireEncryption,
                    ApplicationProtocols = [s_protocol],
                    AllowRenegotiation = false,
                    AllowTlsResume = false,
                    CertificateChainPolicy = Policy(loaded, s_clientPurpose),
                    RemoteCertificateValidationCallback = check.Validate,
                },
                cancellation));
    }

    /// <summary>Whether the other end may be a silo; to be asked when it says it is one.</summary>
    /// <exception cref="HandshakeException">It may not.</exception>
    internal void CheckSilo(TlsIdentity? identity)
    {
        if (_options.SiloNames.Count == 0) return;
        if (identity is null) throw new HandshakeException("It says it is a silo and has no certificate. Give it one with a name of Granary:Engine:Tls:SiloNames.");
        if (!HasOneOf(identity.Names, _options.SiloNames))
            throw new HandshakeException($"It says it is a silo, and its certificate ({identity.Subject}) names {Listed(identity.Names)}. Granary:Engine:Tls:SiloNames allows {Listed(_options.SiloNames)}.");
    }

    private static async Task<PeerSocket> OpenAsync(Socket socket, Check check, Func<SslStream, Task> authenticate)
    {
        socket.NoDelay = true;
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
        try
        {
            await authenticate(stream);
            return new TlsSocket(socket, stream, check.Identity);
        }
        catch (Exception error)
        {
            await stream.DisposeAsync();
            socket.Dispose();
            if (check.Problem is { } problem) throw new HandshakeException(problem);
            if (error is AuthenticationException or IOException) throw new HandshakeException(Explain(error));
            throw;
        }
    }

    private static string Explain(Exception error)
    {
        var detail = error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message;
        return error is IOException
            ? $"It hung up during the TLS handshake: it has no TLS (Granary:Engine:Tls), or it did not accept this process's certificate; its log says why. {detail}"
            : $"The TLS handshake failed: it has no TLS (Granary:Engine:Tls), or another version or certificate than this process takes. {detail}";
    }

    private static X509ChainPolicy Policy(TlsCertificates.Loaded loaded, Oid purpose)
    {
        // Nothing is fetched from the network in a handshake: no missing intermediates, no revocation lists.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(purpose);
        if (loaded.Authorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return policy;
    }

    private static bool HasOneOf(IReadOnlyList<string> names, IList<string> allowed) => names.Any(name => allowed.Any(a => Matches(name, a)));

    private static bool Matches(string name, string allowed)
    {
        if (string.Equals(name, allowed, StringComparison.OrdinalIgnoreCase)) return true;
        if (!allowed.StartsWith("*.", StringComparison.Ordinal)) return false;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && name.AsSpan(dot).Equals(allowed.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }

    private static string Listed(IEnumerable<string> names) => names.Any() ? string.Join(", ", names) : "nothing";

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
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

    /// <summary>The check of one certificate, and what came of it.</summary>
    private sealed class Check(PeerTls tls, bool isServer, bool isRequired)
    {
        /// <summary>Why it was refused; null when it was not.</summary>
        internal string? Problem { get; private set; }

        internal TlsIdentity? Identity { get; private set; }

        internal bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            Problem = Find(certificate as X509Certificate2, chain, errors);
            return Problem is null;
        }

        private string? Find(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (certificate is null || (errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
                return isRequired ? "It showed no certificate. Configure Granary:Engine:Tls:CertificateFile there, or here RequireMutual = false." : null;
            var subject = certificate.Subject;
            if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0) return Describe(subject, certificate, chain);
            List<string> names;
            try
            {
                names = NamesOf(certificate);
            }
            catch (Exception error) when (error is AsnContentException or CryptographicException)
            {
                return $"The names of its certificate ({subject}) cannot be read: {error.Message}";
            }

            // Names are ours to check: silos are dialled by their address, which changes; what the platform says of it counts for nothing.
            var (allowed, option) = isServer && tls._options.SiloNames.Count > 0 ? (tls._options.SiloNames, "SiloNames") : (tls._options.AllowedNames, "AllowedNames");
            var isAllowed = allowed.Count == 0 || HasOneOf(names, allowed) || (!isServer && tls._options.SiloNames.Count > 0 && HasOneOf(names, tls._options.SiloNames));
            if (!isAllowed) return $"Its certificate ({subject}) names {Listed(names)}. Granary:Engine:Tls:{option} allows {Listed(allowed)}.";
            Identity = new TlsIdentity(subject, names);
            return null;
        }

        private static string Describe(string subject, X509Certificate2 certificate, X509Chain? chain)
        {
            var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, s) => all | s.Status) ?? X509ChainStatusFlags.PartialChain;
            if ((status & X509ChainStatusFlags.NotTimeValid) != 0) return $"Its certificate ({subject}) or one above it is not valid now: {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}. Renew it; the new file is taken up without a restart.";
            if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0) return $"Its certificate ({subject}) comes from {certificate.Issuer}, which is none of the authorities of Granary:Engine:Tls:CaFile.";
            if ((status & X509ChainStatusFlags.NotValidForUsage) != 0) return $"Its certificate ({subject}) is not for this use: its extended key usage must hold both server and client authentication, or be absent.";
            return $"Its certificate ({subject}) was refused: {status}.";
        }
    }
}
