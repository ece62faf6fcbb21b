using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Granary.Certificates;

/// <summary>The files that a process has its certificate from, and how to read them.</summary>
/// <param name="Section">The configuration section that names them, for messages.</param>
public sealed record CertificateFiles(string Section)
{
    // A certificate has some kilobytes; a list of a hundred thousand revoked ones some megabytes.
    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>The certificate: PEM, followed by intermediates if there are any, or PFX (<c>.pfx</c>, <c>.p12</c>).</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The private key of a PEM certificate; unset, it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The password of the PFX file or of an encrypted PEM key.</summary>
    public string? Password { get; init; }

    /// <summary>The authorities that others' certificates must come from, PEM; unset, the machine's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Revocation lists of those authorities, PEM or DER.</summary>
    public string? CrlFile { get; init; }

    /// <summary>Reads all of them.</summary>
    /// <exception cref="CertificateFileException">A file is missing or does not hold what it should.</exception>
    public CertificateSet Read() => Read(Contents());

    /// <summary>What the files hold now. A file that cannot be read is told by <see cref="Read(IReadOnlyDictionary{string, FileContents})"/>.</summary>
    internal IReadOnlyDictionary<string, FileContents> Contents()
    {
        var all = new Dictionary<string, FileContents>(StringComparer.Ordinal);
        foreach (var (option, file) in ((string, string?)[])[(nameof(CertificateFile), CertificateFile), (nameof(KeyFile), KeyFile), (nameof(CaFile), CaFile), (nameof(CrlFile), CrlFile)])
        {
            if (!string.IsNullOrEmpty(file)) all[option] = FileContents.Of(file, MostBytes);
        }

        return all;
    }

    internal CertificateSet Read(IReadOnlyDictionary<string, FileContents> contents)
    {
        if (string.IsNullOrEmpty(CertificateFile))
            throw new CertificateFileException($"{Section} has no CertificateFile. Name the file with this process's certificate (PEM or PFX), or remove the section.");
        var intermediates = new X509Certificate2Collection();
        var certificate = Use(contents, nameof(CertificateFile), file => IsPfx ? ReadPfx(file, intermediates) : ReadPem(file, contents, intermediates));
        if (!certificate.HasPrivateKey)
            throw new CertificateFileException($"{Section}:CertificateFile '{CertificateFile}' holds no private key. Name its file in {Section}:KeyFile.");
        X509Certificate2Collection? authorities = null;
        if (!string.IsNullOrEmpty(CaFile))
        {
            authorities = Use(contents, nameof(CaFile), static file =>
            {
                var read = new X509Certificate2Collection();
                read.ImportFromPem(Encoding.UTF8.GetString(file));
                return read;
            });
            if (authorities.Count == 0) throw new CertificateFileException($"{Section}:CaFile '{CaFile}' holds no certificate. Write the authorities in PEM, one after the other.");
        }

        IReadOnlyList<RevocationList> revoked = [];
        if (!string.IsNullOrEmpty(CrlFile))
        {
            if (authorities is null) throw new CertificateFileException($"{Section}:CrlFile is set and CaFile is not. Name the authorities whose lists these are in {Section}:CaFile.");
            revoked = Use(contents, nameof(CrlFile), file => RevocationList.Read(file, authorities));
        }

        return new CertificateSet(certificate, SslStreamCertificateContext.Create(certificate, intermediates, offline: true), authorities, revoked);
    }

    private bool IsPfx => Path.GetExtension(CertificateFile) is ".pfx" or ".p12" or ".PFX" or ".P12";

    private T Use<T>(IReadOnlyDictionary<string, FileContents> contents, string option, Func<byte[], T> read)
    {
        var file = contents[option];
        try
        {
            return read(file.Bytes ?? throw new IOException(file.Problem));
        }
        catch (Exception error) when (error is IOException or CryptographicException or ArgumentException or FormatException)
        {
            throw new CertificateFileException($"{Section}:{option} '{file.Name}' cannot be read: {error.Message}", error);
        }
    }

    private X509Certificate2 ReadPfx(byte[] file, X509Certificate2Collection intermediates)
    {
        var all = X509CertificateLoader.LoadPkcs12Collection(file, Password);
        var own = all.FirstOrDefault(static c => c.HasPrivateKey) ?? throw new CryptographicException("it holds no certificate with a private key.");
        foreach (var other in all) if (!ReferenceEquals(other, own)) intermediates.Add(other);
        return own;
    }

    private X509Certificate2 ReadPem(byte[] file, IReadOnlyDictionary<string, FileContents> contents, X509Certificate2Collection intermediates)
    {
        var text = Encoding.UTF8.GetString(file);
        var key = text;
        if (!string.IsNullOrEmpty(KeyFile)) key = Use(contents, nameof(KeyFile), Encoding.UTF8.GetString);
        else if (!text.Contains("PRIVATE KEY", StringComparison.Ordinal)) throw new CryptographicException($"it holds no private key. Name the key's file in {Section}:KeyFile.");
        var certificate = string.IsNullOrEmpty(Password) ? X509Certificate2.CreateFromPem(text, key) : X509Certificate2.CreateFromEncryptedPem(text, key, Password);
        intermediates.ImportFromPem(text);
        if (intermediates.Count > 0) intermediates.RemoveAt(0);
        return certificate;
    }
}

/// <summary>A file's bytes, or why there are none.</summary>
internal sealed record FileContents(string Name, byte[]? Bytes, string? Problem)
{
    internal static FileContents Of(string file, int most)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.CanSeek && stream.Length > most) return new FileContents(file, null, $"it has {stream.Length} bytes; {most} at most are read");
            using var bytes = new MemoryStream();
            var buffer = new byte[16 * 1024];
            while (stream.Read(buffer) is var read and > 0)
            {
                bytes.Write(buffer, 0, read);
                if (bytes.Length > most) return new FileContents(file, null, $"it has more than {most} bytes");
            }

            return new FileContents(file, bytes.ToArray(), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return new FileContents(file, null, error.Message);
        }
    }
}
