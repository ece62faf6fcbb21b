using System.Net;
using Microsoft.Extensions.Logging;

namespace Granary.Engine.Transport;

/// <summary>What the network writes to the log.</summary>
internal sealed partial class TransportLog(ILogger logger)
{
    [LoggerMessage(1101, LogLevel.Information, "Listening for silos and clients on {EndPoint}.")]
    private static partial void LogListening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(1102, LogLevel.Debug, "Connected to {Peer}, lane {Lane}.")]
    private static partial void LogConnected(ILogger logger, string peer, int lane);

    [LoggerMessage(1103, LogLevel.Debug, "Accepted a connection of {Peer}, lane {Lane}.")]
    private static partial void LogAccepted(ILogger logger, string peer, int lane);

    [LoggerMessage(1104, LogLevel.Warning, "Refused a connection from {EndPoint}: {Reason}")]
    private static partial void LogRefused(ILogger logger, EndPoint? endPoint, string reason);

    [LoggerMessage(1105, LogLevel.Warning, "Could not connect to {Peer}: {Reason}")]
    private static partial void LogConnectFailed(ILogger logger, string peer, string reason);

    [LoggerMessage(EventId = 1106, Message = "The connection to {Peer}, lane {Lane}, has ended: {Reason} Calls in flight that ended with it: {Calls}.")]
    private static partial void LogClosed(ILogger logger, LogLevel level, string peer, int lane, string reason, int calls);

    [LoggerMessage(1107, LogLevel.Error, "{Peer} broke the protocol, so its connection was closed: {Reason}")]
    private static partial void LogBroken(ILogger logger, string peer, string reason);

    [LoggerMessage(1108, LogLevel.Error, "An error of the transport itself on the connection to {Peer}.")]
    private static partial void LogUnexpected(ILogger logger, string peer, Exception error);

    [LoggerMessage(1109, LogLevel.Warning, "The one-way call {Method} was dropped: {Reason}")]
    private static partial void LogDropped(ILogger logger, string method, string reason);

    // On a busy machine, or while code is compiled, this happens to code that does nothing wrong.
    [LoggerMessage(1110, LogLevel.Debug, "Code that a reply from {Peer} resumed has kept the connection's thread for 10 ms or more; another thread reads on. If this goes on, something blocks on grain calls: await them.")]
    private static partial void LogBlocked(ILogger logger, string peer);

    [LoggerMessage(1111, LogLevel.Information, "The certificate {Subject} was read again; it is valid until {NotAfter:u}.")]
    private static partial void LogCertificateRead(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(1112, LogLevel.Error, "The certificate files have changed and cannot be used; the certificate read before stays in use. {Reason}")]
    private static partial void LogCertificateUnreadable(ILogger logger, string reason);

    [LoggerMessage(1113, LogLevel.Warning, "{Count} more connections were refused within {Seconds} s, the last from {EndPoint}: {Reason}")]
    private static partial void LogRefusedMore(ILogger logger, int count, int seconds, EndPoint? endPoint, string reason);

    [LoggerMessage(1114, LogLevel.Warning, "The certificate {Subject} (Granary:Engine:Tls:CertificateFile) is good until {NotAfter:u} only. Renew it: the new file is taken up without a restart.")]
    private static partial void LogCertificateEnds(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(1115, LogLevel.Warning, "A newer revocation list of {Issuer} was to come by {NextUpdate:u}; the old one stays in force. Put the new one where Granary:Engine:Tls:CrlFile says.")]
    private static partial void LogListIsOld(ILogger logger, string issuer, DateTime nextUpdate);

    [LoggerMessage(1116, LogLevel.Warning, "The connection to {Peer} was closed: its certificate ({Subject}) has been revoked (Granary:Engine:Tls:CrlFile).")]
    private static partial void LogRevoked(ILogger logger, string peer, string subject);

    internal void CertificateEnds(string subject, DateTime notAfter) => LogCertificateEnds(logger, subject, notAfter.ToUniversalTime());

    internal void ListIsOld(string issuer, DateTime nextUpdate) => LogListIsOld(logger, issuer, nextUpdate);

    internal void Revoked(string peer, string subject) => LogRevoked(logger, peer, subject);

    internal void CertificateRead(string subject, DateTime notAfter) => LogCertificateRead(logger, subject, notAfter.ToUniversalTime());

    internal void CertificateUnreadable(string reason) => LogCertificateUnreadable(logger, reason);

    internal void RefusedMore(int count, int seconds, EndPoint? endPoint, string reason) => LogRefusedMore(logger, count, seconds, endPoint, reason);

    internal void Listening(EndPoint endPoint) => LogListening(logger, endPoint);

    internal void Connected(string peer, int lane) => LogConnected(logger, peer, lane);

    internal void Accepted(string peer, int lane) => LogAccepted(logger, peer, lane);

    internal void Refused(EndPoint? endPoint, string reason) => LogRefused(logger, endPoint, reason);

    internal void ConnectFailed(string peer, string reason) => LogConnectFailed(logger, peer, reason);

    /// <summary>A connection has ended; one that both ends had agreed to end, as those that only find out whether a silo is there, is no news.</summary>
    internal void Closed(string peer, int lane, string reason, int calls, bool wasAgreed) =>
        LogClosed(logger, wasAgreed && calls == 0 ? LogLevel.Debug : LogLevel.Information, peer, lane, reason, calls);

    internal void Broken(string peer, string reason) => LogBroken(logger, peer, reason);

    internal void Unexpected(string peer, Exception error) => LogUnexpected(logger, peer, error);

    internal void Dropped(string method, string reason) => LogDropped(logger, method, reason);

    internal void Blocked(string peer) => LogBlocked(logger, peer);
}
