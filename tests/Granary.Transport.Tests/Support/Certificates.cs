using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Granary.Hosting;

namespace Granary.Transport.Tests;

/// <summary>An authority of the test's own, and files with what it issues. The files go with it.</summary>
internal sealed class Authority : IDisposable
{
    private static readonly DateTimeOffset s_now = TimeProvider.System.GetUtcNow();

    private readonly string _directory = Directory.CreateTempSubdirectory("granary-tls-").FullName;
    private readonly X509Certificate2 _certificate;

    internal Authority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(s_now.AddDays(-2), s_now.AddDays(30));
        CaFile = Path.Combine(_directory, "ca.pem");
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem());
    }

    internal string CaFile { get; }

    /// <summary>Options of a process with a certificate of this authority.</summary>
    internal TlsOptions Issue(string name, TimeSpan? validFor = null, string? purpose = null, string? uri = null, bool asPfx = false)
    {
        var file = Path.Combine(_directory, Guid.NewGuid().ToString("N"));
        using var certificate = Make(name, validFor ?? TimeSpan.FromDays(10), purpose, uri);
        if (asPfx)
        {
            File.WriteAllBytes(file + ".pfx", certificate.Export(X509ContentType.Pfx, "password"));
            return new TlsOptions { CertificateFile = file + ".pfx", Password = "password", CaFile = CaFile };
        }

        Write(certificate, file);
        return new TlsOptions { CertificateFile = file + ".pem", KeyFile = file + ".key", CaFile = CaFile };
    }

    /// <summary>Puts another certificate into the files of one that was issued, as a renewal does.</summary>
    internal void Replace(TlsOptions options, string name, TimeSpan? validFor = null)
    {
        using var certificate = Make(name, validFor ?? TimeSpan.FromDays(10), null, null);
        Write(certificate, Path.ChangeExtension(options.CertificateFile!, null));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static void Write(X509Certificate2 certificate, string file)
    {
        File.WriteAllText(file + ".key", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(file + ".pem", certificate.ExportCertificatePem());
    }

    private X509Certificate2 Make(string name, TimeSpan validFor, string? purpose, string? uri)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        if (uri is not null) names.AddUri(new Uri(uri));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (purpose is not null) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var issued = request.Create(_certificate, s_now.AddDays(-1), s_now + validFor, Guid.NewGuid().ToByteArray());
        return issued.CopyWithPrivateKey(key);
    }
}
