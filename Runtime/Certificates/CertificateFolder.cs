using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Granary.Certificates;

/// <summary>
/// Where an authority and what it has issued lie: <c>ca.pem</c>, <c>ca.key</c>, <c>crl.pem</c>, and <c>name.pem</c> with <c>name.key</c> for each certificate; all PEM, keys as PKCS #8.
/// Keys can be read by their owner alone (mode 0600). A file takes the place of another in one step, so that who reads meanwhile has one or the other.
/// </summary>
/// <param name="path">The directory; made when something is written, for its owner alone.</param>
public sealed class CertificateFolder(string path)
{
    /// <summary>The name of the authority's files.</summary>
    public const string Authority = "ca";

    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The directory.</summary>
    public string Path { get; } = path;

    /// <summary>The revocation list.</summary>
    public string CrlFile => System.IO.Path.Combine(Path, "crl.pem");

    /// <summary>The file with a certificate.</summary>
    public string CertificateFile(string name) => System.IO.Path.Combine(Path, name + ".pem");

    /// <summary>The file with its key.</summary>
    public string KeyFile(string name) => System.IO.Path.Combine(Path, name + ".key");

    /// <summary>Whether there is something of that name.</summary>
    public bool Has(string name) => File.Exists(CertificateFile(name)) || File.Exists(KeyFile(name));

    /// <summary>Writes a certificate and its key.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Write(string name, X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("The certificate has no EC key.", nameof(certificate));

        // Between the two renames, who reads has a certificate and a key that do not fit, and waits for the next change.
        WriteFile(KeyFile(name), key.ExportPkcs8PrivateKeyPem() + "\n", Secret);
        WriteFile(CertificateFile(name), certificate.ExportCertificatePem() + "\n", Readable);
    }

    /// <summary>The authority whose files lie here.</summary>
    /// <exception cref="CertificateFileException">There is none, or it cannot be read.</exception>
    public CertificateAuthority OpenAuthority(TimeProvider? time = null)
    {
        var (certificate, key) = (CertificateFile(Authority), KeyFile(Authority));
        if (!File.Exists(certificate) || !File.Exists(key)) throw new CertificateFileException($"There is no authority in '{Path}': {certificate} and {key} are its files.");
        try
        {
            return new CertificateAuthority(X509Certificate2.CreateFromPemFile(certificate, key), time);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or UnauthorizedAccessException)
        {
            throw new CertificateFileException($"The authority of '{Path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Revokes certificates that lie here, and renews the list.</summary>
    /// <param name="authority">Who signs it.</param>
    /// <param name="names">Those to revoke; none only renews the list.</param>
    /// <param name="validFor">After which a newer list is expected.</param>
    /// <exception cref="CertificateFileException">A certificate or the list cannot be read.</exception>
    public void Revoke(CertificateAuthority authority, IEnumerable<string> names, TimeSpan validFor)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(names);
        var revoked = names.Select(Read).ToList();
        try
        {
            var list = File.Exists(CrlFile) ? PemEncodedList() : null;
            WriteFile(CrlFile, new string(PemEncoding.Write(RevocationList.PemLabel, authority.Revoke(list, revoked, validFor))) + "\n", Readable);
        }
        catch (CryptographicException error)
        {
            throw new CertificateFileException($"The list '{CrlFile}' cannot be read: {error.Message}. Delete it to begin a new one.", error);
        }
        finally
        {
            foreach (var certificate in revoked) certificate.Dispose();
        }
    }

    private X509Certificate2 Read(string name)
    {
        var file = CertificateFile(name);
        if (!File.Exists(file)) throw new CertificateFileException($"There is no certificate '{name}' in '{Path}' ({file}).");
        try
        {
            return X509CertificateLoader.LoadCertificateFromFile(file);
        }
        catch (CryptographicException error)
        {
            throw new CertificateFileException($"'{file}' cannot be read: {error.Message}", error);
        }
    }

    private byte[] PemEncodedList()
    {
        var text = File.ReadAllText(CrlFile);
        if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] != RevocationList.PemLabel) throw new CryptographicException("it holds no " + RevocationList.PemLabel);
        return Convert.FromBase64String(text[fields.Base64Data]);
    }

    private void WriteFile(string file, string text, UnixFileMode mode)
    {
        if (!Directory.Exists(Path))
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Path);
            else Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        var fresh = $"{file}.{Guid.NewGuid():N}";
        try
        {
            using (var writer = new StreamWriter(fresh, options)) writer.Write(text);
            File.Move(fresh, file, overwrite: true);
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }
}
