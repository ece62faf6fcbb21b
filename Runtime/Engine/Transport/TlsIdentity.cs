using System.Security.Cryptography.X509Certificates;

namespace Granary.Engine.Transport;

/// <summary>Who the other end is by its certificate, which has been checked.</summary>
/// <param name="Subject">The certificate's subject, for logs.</param>
/// <param name="Names">The names it holds: of the subject alternative names the DNS names, addresses and URIs; the common name when there are none.</param>
/// <param name="Certificate">The certificate, for later looks at revocation lists.</param>
internal sealed record TlsIdentity(string Subject, IReadOnlyList<string> Names, X509Certificate2 Certificate);
