using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Granary.Certificates;
using Granary.Hosting;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// TLS 1.2 or later under a connection: both ends show a certificate (the dialler's is asked for unless that was turned off), each checks the other's for authority, time, purpose and name.
/// The silo protocol's own handshake follows inside, so a shared secret may be asked for besides. Thread-safe.
/// </summary>
internal sealed class PeerTls
{
    private const string Section = "Granary:Engine:Tls";

    private static readonly SslApplicationProtocol s_protocol = new("granary/1");

    /// <summary>How often it is said that the certificate ends soon, or the list is old.</summary>
    private static readonly TimeSpan s_sayAgain = TimeSpan.FromHours(12);

    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly TransportLog _log;
    private readonly CertificateSource _certificates;
    private CertificateSet _checked;
    private long? _said;

    /// <exception cref="OrleansConfigurationException">A file is missing or does not hold what it should, or the options trust too many.</exception>
    internal PeerTls(TlsOptions options, TimeProvider time, TransportLog log)
    {
        _options = options;
        if (string.IsNullOrEmpty(options.CaFile) && options.AllowedNames.Count == 0 && options.SiloNames.Count == 0)
        {
            throw new OrleansConfigurationException(
                "Granary:Engine:Tls has neither CaFile nor AllowedNames, so that anyone with a certificate that this machine trusts could join. Name the cluster's own authority in CaFile, or the names of its processes in AllowedNames.");
        }

        (_time, _log) = (time, log);
        var files = new CertificateFiles(Section)
        {
            CertificateFile = options.CertificateFile,
            KeyFile = options.KeyFile,
            Password = options.Password,
            CaFile = options.CaFile,
            CrlFile = options.CrlFile,
        };
        try
        {
            _certificates = new CertificateSource(files, time) { OnRead = set => log.CertificateRead(set.Certificate.Subject, set.Certificate.NotAfter), OnRefused = log.CertificateUnreadable };
        }
        catch (CertificateFileException error)
        {
            throw new OrleansConfigurationException(error.Message, error);
        }

        _checked = _certificates.Current;
    }

    /// <summary>Until when this process's certificate is good.</summary>
    internal DateTimeOffset NotAfter => _certificates.Current.NotAfter;

    /// <summary>To be called now and then: takes up changed files, and says when the certificate or a revocation list is about to be too old, or is.</summary>
    /// <returns>Whether certificates are revoked: open connections are to be checked with <see cref="IsRevoked"/>.</returns>
    internal bool Watch()
    {
        var set = _certificates.Current;
        if (!ReferenceEquals(set, _checked)) _said = null;
        _checked = set;
        var timestamp = _time.GetTimestamp();
        if (_said is null || _time.GetElapsedTime(_said.Value, timestamp) >= s_sayAgain)
        {
            _said = timestamp;
            var now = _time.GetUtcNow();
            if (set.EndsSoon(now)) _log.CertificateEnds(set.Certificate.Subject, set.Certificate.NotAfter);
            foreach (var list in set.Revoked.Where(list => list.NextUpdate < now)) _log.ListIsOld(list.Issuer, list.NextUpdate!.Value.UtcDateTime);
        }

        return set.Revoked.Any(static list => list.Count > 0);
    }

    /// <summary>Whether the other end of an open connection has lost its certificate meanwhile.</summary>
    internal bool IsRevoked(TlsIdentity? identity) => identity is not null && _checked.Revoked.Any(list => list.Revokes(identity.Certificate));

    /// <summary>The dialler's side. The socket is closed when it throws.</summary>
    /// <exception cref="HandshakeException">The ends do not trust each other.</exception>
    internal Task<PeerSocket> DialAsync(Socket socket, CancellationToken cancellation)
    {
        var loaded = _certificates.Current;
        var check = new Check(this, loaded, isServer: true, isRequired: true);
        return OpenAsync(
            socket,
            check,
            stream => stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "",
                    ClientCertificateContext = loaded.Context,
                    EnabledSslProtocols = ModernTls.Protocols,
                    CipherSuitesPolicy = ModernTls.CipherSuites,
                    EncryptionPolicy = EncryptionPolicy.RequireEncryption,
                    ApplicationProtocols = [s_protocol],
                    AllowRenegotiation = false,
                    AllowTlsResume = false,
                    CertificateChainPolicy = loaded.Policy(CertificatePurpose.Server),
                    RemoteCertificateValidationCallback = check.Validate,
                },
                cancellation));
    }

    /// <summary>The acceptor's side. The socket is closed when it throws.</summary>
    /// <exception cref="HandshakeException">The ends do not trust each other.</exception>
    internal Task<PeerSocket> AcceptAsync(Socket socket, CancellationToken cancellation)
    {
        var loaded = _certificates.Current;
        var check = new Check(this, loaded, isServer: false, isRequired: _options.RequireMutual);
        return OpenAsync(
            socket,
            check,
            stream => stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = loaded.Context,
                    // Asked for in any case: one that is shown is checked.
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = ModernTls.Protocols,
                    CipherSuitesPolicy = ModernTls.CipherSuites,
                    EncryptionPolicy = EncryptionPolicy.RequireEncryption,
                    ApplicationProtocols = [s_protocol],
                    AllowRenegotiation = false,
                    AllowTlsResume = false,
                    CertificateChainPolicy = loaded.Policy(CertificatePurpose.Client),
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

    private static bool HasOneOf(IReadOnlyList<string> names, IList<string> allowed) => names.Any(name => allowed.Any(a => Matches(name, a)));

    private static bool Matches(string name, string allowed)
    {
        if (string.Equals(name, allowed, StringComparison.OrdinalIgnoreCase)) return true;
        if (!allowed.StartsWith("*.", StringComparison.Ordinal)) return false;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && name.AsSpan(dot).Equals(allowed.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }

    private static string Listed(IEnumerable<string> names) => names.Any() ? string.Join(", ", names) : "nothing";

    /// <summary>The check of one certificate, and what came of it.</summary>
    private sealed class Check(PeerTls tls, CertificateSet set, bool isServer, bool isRequired)
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
            if (PeerCertificate.Problem(certificate, chain, errors, set.Revoked, Section) is { } problem) return problem;
            IReadOnlyList<string> names;
            try
            {
                names = PeerCertificate.NamesOf(certificate);
            }
            catch (Exception error) when (error is AsnContentException or CryptographicException)
            {
                return $"The names of its certificate ({subject}) cannot be read: {error.Message}";
            }

            // Names are ours to check: silos are dialled by their address, which changes; what the platform says of it counts for nothing.
            var (allowed, option) = isServer && tls._options.SiloNames.Count > 0 ? (tls._options.SiloNames, "SiloNames") : (tls._options.AllowedNames, "AllowedNames");
            var isAllowed = allowed.Count == 0 || HasOneOf(names, allowed) || (!isServer && tls._options.SiloNames.Count > 0 && HasOneOf(names, tls._options.SiloNames));
            if (!isAllowed) return $"Its certificate ({subject}) names {Listed(names)}. Granary:Engine:Tls:{option} allows {Listed(allowed)}.";
            Identity = new TlsIdentity(subject, names, certificate);
            return null;
        }
    }
}
