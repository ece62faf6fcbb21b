using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Redis.Tests.Support;

/// <summary>A certificate for localhost that only its owner vouches for, in files for redis-server.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("granary-tls-").FullName;
    private readonly X509Certificate2 _certificate;

    private ServerCertificate(RSA key)
    {
        _certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportRSAPrivateKeyPem());
    }

    internal string Hash => _certificate.GetCertHashString();

    /// <summary>For redis-server, which asks its clients for none.</summary>
    internal string[] Arguments => ["--tls-cert-file", CertificateFile, "--tls-key-file", KeyFile, "--tls-ca-cert-file", CertificateFile, "--tls-auth-clients", "no"];

    private string CertificateFile => Path.Combine(_folder, "server.crt");

    private string KeyFile => Path.Combine(_folder, "server.key");

    internal static ServerCertificate Create()
    {
        using var key = RSA.Create(2048);
        return new ServerCertificate(key);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
