using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Certificates;
using Granary.Hosting;

namespace Granary.Transport.Tests;

/// <summary>An authority of the test's own, made as <c>granary certs</c> does, and files with what it issues. The files go with it.</summary>
internal sealed class Authority : IDisposable
{
    private static readonly DateTimeOffset s_now = TimeProvider.System.GetUtcNow();

    private readonly string _directory = Directory.CreateTempSubdirectory("granary-tls-").FullName;
    private readonly CertificateAuthority _authority;
    private readonly CertificateFolder _folder;

    internal Authority(string name = "test authority")
    {
        _authority = CertificateAuthority.Create(name, TimeSpan.FromDays(30), from: s_now.AddDays(-2));
        _folder = new CertificateFolder(_directory);
        _folder.Write(CertificateFolder.Authority, _authority.Certificate);
        CaFile = _folder.CertificateFile(CertificateFolder.Authority);
    }

    internal string CaFile { get; }

    internal string CrlFile => _folder.CrlFile;

    /// <summary>Options of a process with a certificate of this authority.</summary>
    internal TlsOptions Issue(string name, TimeSpan? validFor = null, CertificateKind kind = CertificateKind.Silo, string? uri = null, bool asPfx = false, DateTimeOffset? from = null)
    {
        var file = Guid.NewGuid().ToString("N");
        using var certificate = Make(name, validFor, kind, uri, from);
        if (asPfx)
        {
            var path = Path.Combine(_directory, file + ".pfx");
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx, "password"));
            return new TlsOptions { CertificateFile = path, Password = "password", CaFile = CaFile };
        }

        _folder.Write(file, certificate);
        return new TlsOptions { CertificateFile = _folder.CertificateFile(file), KeyFile = _folder.KeyFile(file), CaFile = CaFile };
    }

    /// <summary>Puts another certificate into the files of one that was issued, as a renewal does.</summary>
    internal void Replace(TlsOptions options, string name, TimeSpan? validFor = null)
    {
        using var certificate = Make(name, validFor, CertificateKind.Silo, null, null);
        _folder.Write(NameOf(options), certificate);
    }

    /// <summary>Revokes certificates; with none there is a list nevertheless.</summary>
    internal void Revoke(params TlsOptions[] options) => _folder.Revoke(_authority, options.Select(NameOf), TimeSpan.FromDays(7));

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string NameOf(TlsOptions options) => Path.GetFileNameWithoutExtension(options.CertificateFile!);

    private X509Certificate2 Make(string name, TimeSpan? validFor, CertificateKind kind, string? uri, DateTimeOffset? from)
    {
        string[] names = [name, IPAddress.Loopback.ToString(), .. uri is null ? Array.Empty<string>() : [uri]];
        var begins = from ?? s_now.AddDays(-1);
        return _authority.Issue(kind, name, names, s_now + (validFor ?? TimeSpan.FromDays(10)) - begins, begins);
    }
}
