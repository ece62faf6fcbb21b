using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Granary.Certificates;
using Granary.Gateway.Tls;

namespace Granary.Gateway.Tests.Support;

/// <summary>An authority made as <c>granary certs</c> does, and the files with what it issues. They go with it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UtcNow;

    private readonly string _directory = Directory.CreateTempSubdirectory("granary-edge-").FullName;
    private readonly CertificateAuthority _authority;

    public TestAuthority(string name = "test authority")
    {
        _authority = CertificateAuthority.Create(name, TimeSpan.FromDays(30), from: s_now.AddDays(-3));
        Folder = new CertificateFolder(_directory);
        Folder.Write(CertificateFolder.Authority, _authority.Certificate);
        Folder.Revoke(_authority, [], TimeSpan.FromDays(7));
    }

    public CertificateFolder Folder { get; }

    public string CaFile => Folder.CertificateFile(CertificateFolder.Authority);

    /// <summary>Issues a server's certificate and sets the options to its files.</summary>
    public void Serve(EdgeTlsOptions options, string file = "server", string name = "localhost", TimeSpan? validFor = null)
    {
        IssueServer(file, name, validFor);
        (options.CertificateFile, options.KeyFile) = (Folder.CertificateFile(file), Folder.KeyFile(file));
    }

    public void IssueServer(string file = "server", string name = "localhost", TimeSpan? validFor = null)
    {
        using var certificate = Issue(CertificateKind.Server, name, validFor: validFor);
        Folder.Write(file, certificate);
    }

    /// <summary>A certificate that begins a day ago unless told otherwise, with its key.</summary>
    public X509Certificate2 Issue(CertificateKind kind, string name, DateTimeOffset? from = null, TimeSpan? validFor = null)
    {
        var begins = from ?? s_now.AddDays(-1);
        using var certificate = _authority.Issue(kind, name, [name, "127.0.0.1"], s_now + (validFor ?? TimeSpan.FromDays(10)) - begins, begins);

        // As a client needs it.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    public void Revoke(X509Certificate2 certificate)
    {
        using var own = X509CertificateLoader.LoadCertificate(certificate.RawData);
        File.WriteAllText(Path.Combine(_directory, "revoked.pem"), own.ExportCertificatePem());
        Folder.Revoke(_authority, ["revoked"], TimeSpan.FromDays(7));
    }

    /// <summary>A client that trusts this authority alone.</summary>
    public HttpClient Client(Uri address, X509Certificate2? certificate = null, Action<SslClientAuthenticationOptions>? configure = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(CaFile);
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = policy, TargetHost = "localhost" };
        if (certificate is not null) tls.ClientCertificates = [certificate];
        configure?.Invoke(tls);
        return new HttpClient(new SocketsHttpHandler { SslOptions = tls, AllowAutoRedirect = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
