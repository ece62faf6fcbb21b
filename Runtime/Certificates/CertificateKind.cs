using System.Security.Cryptography;

namespace Granary.Certificates;

/// <summary>What a certificate is for; its extended key usage (RFC 5280, 4.2.1.12) says so.</summary>
public enum CertificateKind
{
    /// <summary>A server that callers connect to: <c>serverAuth</c>.</summary>
    Server,

    /// <summary>A caller who proves who it is: <c>clientAuth</c>.</summary>
    Client,

    /// <summary>A process of a cluster, which accepts and dials: both.</summary>
    Silo,
}

/// <summary>The purposes of certificates.</summary>
public static class CertificatePurpose
{
    /// <summary><c>id-kp-serverAuth</c>.</summary>
    public static Oid Server { get; } = new("1.3.6.1.5.5.7.3.1");

    /// <summary><c>id-kp-clientAuth</c>.</summary>
    public static Oid Client { get; } = new("1.3.6.1.5.5.7.3.2");

    internal static OidCollection Of(CertificateKind kind) => kind switch
    {
        CertificateKind.Server => [Server],
        CertificateKind.Client => [Client],
        _ => [Server, Client],
    };
}
