namespace Granary.Hosting;

/// <summary>
/// TLS between the processes of a cluster: part of <see cref="EngineOptions"/>, in the configuration <c>Granary:Engine:Tls</c>. All processes of a cluster have it or none.
/// The files are looked at again every second; open connections stay, but for those of processes whose certificates have been revoked.
/// </summary>
public sealed class TlsOptions
{
    /// <summary>This process's certificate: a PEM file, followed by intermediates if there are any, or a PFX file (<c>.pfx</c>, <c>.p12</c>).</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The private key of a PEM certificate, PEM. Unset, it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The password of the PFX file or of an encrypted PEM key; unset for none.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// The authorities that the other processes' certificates must come from, PEM. Unset, those that the machine trusts: then <see cref="AllowedNames"/> or <see cref="SiloNames"/> must say
    /// which of their certificates are meant.
    /// </summary>
    public string? CaFile { get; set; }

    /// <summary>
    /// Revocation lists of the authorities in <see cref="CaFile"/>, PEM or DER (RFC 5280, 5): a process whose certificate one of them names is refused, and cut off if it is connected already. Unset, none is looked at:
    /// nothing is fetched from the network.
    /// </summary>
    public string? CrlFile { get; set; }

    /// <summary>Whether processes that dial must have a certificate too. Without, the shared secret alone tells who may connect.</summary>
    public bool RequireMutual { get; set; } = true;

    /// <summary>
    /// The names of which another process's certificate must have one: DNS names, addresses or URIs of its subject alternative names; <c>*.name</c> stands for any one label.
    /// Empty, any certificate of the authorities will do.
    /// </summary>
    public IList<string> AllowedNames { get; set; } = [];

    /// <summary>The names of which a silo's certificate must have one, where not every process may be a silo. Empty, as <see cref="AllowedNames"/>.</summary>
    public IList<string> SiloNames { get; set; } = [];
}
