using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Granary.Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tls;

/// <summary>The TLS of every endpoint of the host that has it: the certificate as its files hold it now, and the check of callers' certificates. Thread-safe.</summary>
internal sealed class EdgeTls
{
    private readonly Lazy<CertificateSource?> _source;
    private readonly IOptions<GatewayOptions> _options;
    private readonly RefusalLog _refusals;

    public EdgeTls(IOptions<GatewayOptions> options, TimeProvider time, IMeterFactory meters, ILogger<EdgeTls> log)
    {
        _options = options;
        _refusals = new RefusalLog(log, time);

        // A host makes its server while it is built, before its settings are checked: they are not touched before there is an endpoint.
        _source = new Lazy<CertificateSource?>(() => Files(options.Value.Tls, "Granary:Tls") is not { } files ? null : new CertificateSource(files, time)
        {
            OnRead = set => TlsLog.CertificateRead(log, set.Certificate.Subject, set.Certificate.NotAfter.ToUniversalTime()),
            OnRefused = reason => TlsLog.CertificateRefused(log, reason),
        });
        meters.Create(GatewayTelemetry.MeterName).CreateObservableGauge(
            "granary.gateway.certificate.expiry",
            () => Current is { } set ? [new Measurement<long>((long)(set.NotAfter - time.GetUtcNow()).TotalSeconds)] : Array.Empty<Measurement<long>>(),
            "s",
            "How long the host's certificate is still good; negative afterwards.");
    }

    /// <summary>The certificate, the authorities and the lists; null where Kestrel's own settings say which.</summary>
    public CertificateSet? Current => _source.Value?.Current;

    /// <summary>The files that the options name; null without a certificate.</summary>
    public static CertificateFiles? Files(EdgeTlsOptions options, string section) => string.IsNullOrEmpty(options.CertificateFile) ? null : new CertificateFiles(section)
    {
        CertificateFile = options.CertificateFile,
        KeyFile = options.KeyFile,
        Password = options.Password,
        CaFile = options.CaFile,
        CrlFile = options.CrlFile,
    };

    /// <summary>Sets an endpoint up.</summary>
    public void Configure(HttpsConnectionAdapterOptions https)
    {
        https.SslProtocols = ModernTls.Protocols;
        https.HandshakeTimeout = _options.Value.Tls.HandshakeTimeout;

        // So that Kestrel does not look for a certificate of its own; the handshake's is set below, with its intermediates.
        if (_source.Value is { } source) https.ServerCertificateSelector = (_, _) => source.Current.Certificate;
        https.OnAuthenticate = OnAuthenticate;
    }

    /// <summary>How a handshake of QUIC goes (RFC 9001), which is always TLS 1.3. Only where there is a certificate.</summary>
    public SslServerAuthenticationOptions OverQuic(EndPoint? caller)
    {
        var handshake = new SslServerAuthenticationOptions { ApplicationProtocols = [SslApplicationProtocol.Http3] };
        Identify(caller, handshake);
        return handshake;
    }

    private void OnAuthenticate(ConnectionContext connection, SslServerAuthenticationOptions handshake)
    {
        handshake.CipherSuitesPolicy = ModernTls.CipherSuites;
        Identify(connection.RemoteEndPoint, handshake);
    }

    // Who we are, and who the caller must be.
    private void Identify(EndPoint? caller, SslServerAuthenticationOptions handshake)
    {
        handshake.AllowRenegotiation = false;
        if (Current is not { } set) return;
        handshake.ServerCertificateSelectionCallback = null;
        handshake.ServerCertificateContext = set.Context;
        var asks = _options.Value.Tls.ClientCertificates;
        if (asks == ClientCertificates.None) return;

        // Resumed, a session would be that of a certificate which nobody looks at again.
        handshake.AllowTlsResume = false;
        handshake.ClientCertificateRequired = true;
        handshake.CertificateChainPolicy = set.Policy(CertificatePurpose.Client);
        handshake.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (Problem(set, asks, certificate as X509Certificate2, chain, errors) is not { } problem) return true;
            _refusals.Refused(caller, problem);
            return false;
        };
    }

    private static string? Problem(CertificateSet set, ClientCertificates asks, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not null) return PeerCertificate.Problem(certificate, chain, errors, set.Revoked, "Granary:Tls");
        return asks == ClientCertificates.Required ? "It showed no certificate, and Granary:Tls:ClientCertificates is Required." : null;
    }
}
