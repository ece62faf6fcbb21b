using System.Net;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Tls;

internal static partial class TlsLog
{
    [LoggerMessage(101, LogLevel.Information, "The certificate {Subject} was read again; it is valid until {NotAfter:u}.")]
    public static partial void CertificateRead(ILogger log, string subject, DateTime notAfter);

    [LoggerMessage(102, LogLevel.Error, "The certificate files have changed and cannot be used; the certificate read before stays in use. {Reason}")]
    public static partial void CertificateRefused(ILogger log, string reason);

    [LoggerMessage(103, LogLevel.Warning, "Refused a caller from {EndPoint}: {Reason}")]
    public static partial void Refused(ILogger log, EndPoint? endPoint, string reason);

    [LoggerMessage(104, LogLevel.Warning, "{Count} more callers were refused for their certificates.")]
    public static partial void RefusedMore(ILogger log, int count);

    [LoggerMessage(105, LogLevel.Warning, "The certificate {Subject} (Granary:Tls:CertificateFile) is good until {NotAfter:u} only. Renew it: the new file is taken up without a restart.")]
    public static partial void CertificateEnds(ILogger log, string subject, DateTime notAfter);

    [LoggerMessage(106, LogLevel.Warning, "A newer revocation list of {Issuer} was to come by {NextUpdate:u}; the old one stays in force. Put the new one where Granary:Tls:CrlFile says.")]
    public static partial void ListIsOld(ILogger log, string issuer, DateTime nextUpdate);

    [LoggerMessage(107, LogLevel.Warning, "The connection from {EndPoint} was closed: its certificate ({Subject}) has been revoked (Granary:Tls:CrlFile).")]
    public static partial void Revoked(ILogger log, IPAddress? endPoint, string subject);
}
