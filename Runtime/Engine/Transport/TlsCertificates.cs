using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Granary.Hosting;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// The certificate and the authorities of this process, from files that may change: whoever asks gets what the files hold now, looked at once a second at most. Files that cannot be read
/// any more leave what was read before in use, with a warning. Thread-safe.
/// </summary>
internal sealed class TlsCertificates
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);

    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly TransportLog _log;
    private readonly Lock _lock = new();
    private Loaded _loaded;
    private string _stamp;
    private long _lookedAt;

    /// <exception cref="OrleansConfigurationException">A file is missing or does not hold what it should.</exception>
    internal TlsCertificates(TlsOptions options, TimeProvider time, TransportLog log)
    {
        _options = options;
        _time = time;
        _log = log;
        _stamp = Stamp();
        _lookedAt = time.GetTimestamp();
        _loaded = Load();
    }

    internal Loaded Current
    {
        get
        {
            lock (_lock)
            {
                var now = _time.GetTimestamp();
                if (_time.GetElapsedTime(_lookedAt, now) < s_lookAgain) return _loaded;
                _lookedAt = now;
                var stamp = Stamp();
                if (stamp == _stamp) return _loaded;
                try
                {
                    _loaded = Load();
                    _log.CertificateRead(_loaded.Certificate.Subject, _loaded.Certificate.NotAfter);
                }
                catch (OrleansConfigurationException error)
                {
                    _log.CertificateUnreadable(error.Message);
                }

                // Also after a failure: it is tried again when a file changes again, which the rest of a half-written one does.
                _stamp = stamp;
                return _loaded;
            }
        }
    }

    /// <summary>What tells one state of the files from another. Links are followed: Kubernetes swaps a directory behind one.</summary>
    private string Stamp() => string.Join('|', new[] { _options.CertificateFile, _options.KeyFile, _options.CaFile }.Select(static file =>
    {
        if (string.IsNullOrEmpty(file)) return "";
        var info = new FileInfo(file);
        if (info.Exists && info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) info = target;
        return info.Exists ? $"{info.FullName} {info.LastWriteTimeUtc.Ticks} {info.Length}" : "none";
    }));

    private Loaded Load()
    {
        if (string.IsNullOrEmpty(_options.CertificateFile))
            throw new OrleansConfigurationException("Granary:Engine:Tls has no CertificateFile. Name the file with this process's certificate (PEM or PFX), or remove the section.");
        var chain = new X509Certificate2Collection();
        var certificate = Read("CertificateFile", _options.CertificateFile, file => IsPfx(file) ? ReadPfx(file, chain) : ReadPem(file, chain));
        if (!certificate.HasPrivateKey)
            throw new OrleansConfigurationException($"Granary:Engine:Tls:CertificateFile '{_options.CertificateFile}' holds no private key. Name its file in Granary:Engine:Tls:KeyFile.");
        X509Certificate2Collection? authorities = null;
        if (!string.IsNullOrEmpty(_options.CaFile))
        {
            authorities = Read("CaFile", _options.CaFile, static file =>
            {
                var read = new X509Certificate2Collection();
                read.ImportFromPemFile(file);
                return read;
            });
            if (authorities.Count == 0) throw new OrleansConfigurationException($"Granary:Engine:Tls:CaFile '{_options.CaFile}' holds no certificate. Write the authorities in PEM, one after the other.");
        }

        return new Loaded(certificate, SslStreamCertificateContext.Create(certificate, chain, offline: true), authorities);
    }

    private static T Read<T>(string option, string file, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new OrleansConfigurationException($"Granary:Engine:Tls:{option} '{file}' cannot be read: {error.Message}", error);
        }
    }

    private static bool IsPfx(string file) => Path.GetExtension(file) is ".pfx" or ".p12" or ".PFX" or ".P12";

    private X509Certificate2 ReadPfx(string file, X509Certificate2Collection chain)
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(file, _options.Password);
        var own = all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("it holds no certificate with a private key.");
        foreach (var other in all) if (!ReferenceEquals(other, own)) chain.Add(other);
        return own;
    }

    private X509Certificate2 ReadPem(string file, X509Certificate2Collection chain)
    {
        chain.ImportFromPemFile(file);
        if (chain.Count > 0) chain.RemoveAt(0);
        var key = string.IsNullOrEmpty(_options.KeyFile) ? null : _options.KeyFile;
        if (key is null && !File.ReadAllText(file).Contains("PRIVATE KEY", StringComparison.Ordinal)) throw new CryptographicException("it holds no private key. Name the key's file in Granary:Engine:Tls:KeyFile.");
        return string.IsNullOrEmpty(_options.Password) ? X509Certificate2.CreateFromPemFile(file, key) : X509Certificate2.CreateFromEncryptedPemFile(file, _options.Password, key);
    }

    /// <param name="Certificate">This process's, with its key.</param>
    /// <param name="Context">The same with its intermediates, as a handshake sends it.</param>
    /// <param name="Authorities">Those trusted; null for the machine's.</param>
    internal sealed record Loaded(X509Certificate2 Certificate, SslStreamCertificateContext Context, X509Certificate2Collection? Authorities);
}
