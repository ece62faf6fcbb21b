namespace Granary.Gateway.Tls;

/// <summary>
/// TLS towards callers, for every <c>https</c> address that the host listens on (<c>Urls</c>, <c>Kestrel:Endpoints</c>): versions 1.2 and 1.3, HTTP/1.1 and HTTP/2 by ALPN, HTTP/3 where the platform has it. The files are looked at again every second.
/// </summary>
public sealed class EdgeTlsOptions
{
    /// <summary>The host's certificate: a PEM file, followed by intermediates if there are any, or a PFX file (<c>.pfx</c>, <c>.p12</c>). Unset, Kestrel's own settings say which.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The private key of a PEM certificate, PEM. Unset, it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The password of the PFX file or of an encrypted PEM key; unset for none.</summary>
    public string? Password { get; set; }

    /// <summary>Whether callers are asked for certificates. What a certificate entitles to is for authentication to say; here it must hold.</summary>
    public ClientCertificates ClientCertificates { get; set; }

    /// <summary>The authorities that callers' certificates must come from, PEM. Needed where they are asked for: the machine's would let everybody in who owns a name.</summary>
    public string? CaFile { get; set; }

    /// <summary>Revocation lists of those authorities, PEM or DER: callers whose certificates they name are refused, and cut off if they are connected already.</summary>
    public string? CrlFile { get; set; }

    /// <summary>How long a TLS handshake may take. 1 s to 2 min; the default is 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether the <c>https</c> addresses serve HTTP/3 too, on the UDP port of the same number, where the platform has QUIC (on Linux, the library <c>libmsquic</c>). The default is true.
    /// </summary>
    public bool Http3 { get; set; } = true;

    /// <summary>For how long browsers are told to come with TLS only (HSTS, RFC 6797), in answers by TLS under a name that is not this machine's own. Up to 730 d, 0 for not at all; the default is 180 d.</summary>
    public TimeSpan Hsts { get; set; } = TimeSpan.FromDays(180);

    /// <summary>Whether who comes without TLS is sent to the <c>https</c> address (GET, HEAD) or refused (anything else). <c>/healthz</c> and <c>/readyz</c> answer all the same.</summary>
    public bool RedirectHttp { get; set; }

    /// <summary>
    /// Says that a proxy in front speaks TLS, and that nobody else reaches the addresses without it. Outside Development a host that would take tokens in clear text from other machines does not start otherwise.
    /// </summary>
    public bool BehindProxy { get; set; }

    /// <summary>The port that callers are sent to. 1 to 65535; unset, that of the host's first <c>https</c> address.</summary>
    public int? RedirectPort { get; set; }
}

/// <summary>Whether callers are asked for certificates.</summary>
public enum ClientCertificates
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>Who has one may show it; one that does not hold is refused.</summary>
    Allowed,

    /// <summary>Nobody is let in without.</summary>
    Required,
}
