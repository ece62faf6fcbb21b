namespace Granary.Engine.Transport;

/// <summary>Who the other end is by its certificate, which has been checked.</summary>
/// <param name="Subject">The certificate's subject, for logs.</param>
/// <param name="Names">The names it holds: of the subject alternative names the DNS names, addresses and URIs; the common name when there are none.</param>
internal sealed record TlsIdentity(string Subject, IReadOnlyList<string> Names);
