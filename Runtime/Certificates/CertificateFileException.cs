namespace Granary.Certificates;

/// <summary>A file with certificates, a key or a revocation list does not hold what it should. The message names the setting, the file and what to do; it quotes no secret.</summary>
public sealed class CertificateFileException : Exception
{
    /// <param name="message">What is wrong, and what to write.</param>
    public CertificateFileException(string message)
        : base(message)
    {
    }

    /// <param name="message">What is wrong, and what to write.</param>
    /// <param name="innerException">What the platform said.</param>
    public CertificateFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
