using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Granary.Certificates;
using Granary.Gateway.Tests.Support;
using Granary.Gateway.Tls;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Granary.Gateway.Tests;

/// <summary>
/// HTTP/3: where there is a transport for it, which addresses it is given and what its handshakes are checked with. The transport is scripted, since the library of the real one is not everywhere; Kestrel, which binds it
/// and speaks HTTP/3 over it, is real, and so are the handshakes, made over TCP with the options that QUIC would get.
/// </summary>
public sealed class Http3Tests
{
    private static readonly IPEndPoint s_caller = new(IPAddress.Parse("192.0.2.7"), 4433);

    [Fact]
    public async Task An_address_with_tls_is_served_over_quic_too_and_answers_say_so()
    {
        using var authority = new TestAuthority();
        var quic = new ScriptedQuic();
        await using var host = await TlsHost.StartAsync(authority, quic: quic, listen: kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps());
            kestrel.Listen(IPAddress.IPv6Any, 0, endpoint => endpoint.UseHttps());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(BindingAddress.Parse).ToArray();
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, addresses[0].Port), new IPEndPoint(IPAddress.IPv6Any, addresses[1].Port)], quic.Bound);
        foreach (var secure in addresses[..2]) Assert.Equal([$"h3=\":{secure.Port}\""], await AltSvcAsync(authority, $"https://127.0.0.1:{secure.Port}"));
        Assert.Empty(await AltSvcAsync(authority, $"http://127.0.0.1:{addresses[2].Port}"));
    }

    [Theory]
    [InlineData("turned off")]
    [InlineData("no transport")]
    [InlineData("a certificate of Kestrel's own")]
    public async Task Where_it_is_not_wanted_or_not_there_nothing_offers_it(string why)
    {
        using var authority = new TestAuthority();
        var quic = why == "no transport" ? null : new ScriptedQuic();
        if (quic is null && QuicListener.IsSupported) return; // A machine that has the library offers it, rightly.
        var isKestrels = why == "a certificate of Kestrel's own";
        using var own = authority.Issue(CertificateKind.Server, "localhost");
        await using var host = await TlsHost.StartAsync(authority, quic: quic, configure: tls => (tls.Http3, tls.CertificateFile, tls.KeyFile) = (why != "turned off", isKestrels ? null : tls.CertificateFile, isKestrels ? null : tls.KeyFile), listen: kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            if (isKestrels) endpoint.UseHttps(own);
            else endpoint.UseHttps();
        }));
        Assert.Empty(quic?.Bound ?? []);
        Assert.Empty(await AltSvcAsync(authority, host.Address.ToString()));
    }

    [Fact]
    public async Task Its_certificate_is_that_of_the_files_and_a_renewed_one_is_served_at_once()
    {
        using var authority = new TestAuthority();
        var quic = new ScriptedQuic();
        await using var host = await TlsHost.StartAsync(authority, quic: quic);
        var first = await ServedAsync();
        Assert.Equal(first, await ServedAsync());
        authority.IssueServer();
        host.Services.GetRequiredService<TestClock>().Advance(TimeSpan.FromSeconds(2));
        Assert.NotEqual(first, await ServedAsync());

        async Task<string> ServedAsync()
        {
            var (problem, certificate) = await ShakeHandsAsync(authority, await quic.HandshakeAsync(s_caller), null);
            Assert.Null(problem);
            return certificate!;
        }
    }

    [Theory]
    [InlineData("good", null)]
    [InlineData("none", "It showed no certificate")]
    [InlineData("unknown authority", "none of the authorities of Granary:Tls:CaFile")]
    [InlineData("a server's", "is not for this use")]
    [InlineData("revoked", "has been revoked")]
    public async Task Callers_certificates_are_asked_for_and_checked_as_over_tcp(string what, string? why)
    {
        using TestAuthority authority = new(), other = new("another authority");
        var quic = new ScriptedQuic();
        await using var host = await TlsHost.StartAsync(authority, quic: quic, configure: tls => (tls.ClientCertificates, tls.CaFile, tls.CrlFile) = (ClientCertificates.Required, authority.CaFile, authority.Folder.CrlFile));
        host.Log.Expect("Refused a caller");
        using var certificate = what switch
        {
            "none" => null,
            "unknown authority" => other.Issue(CertificateKind.Client, "ada"),
            "a server's" => authority.Issue(CertificateKind.Server, "ada"),
            _ => authority.Issue(CertificateKind.Client, "ada"),
        };
        if (what == "revoked")
        {
            authority.Revoke(certificate!);
            host.Services.GetRequiredService<TestClock>().Advance(TimeSpan.FromSeconds(2));
        }

        var (problem, _) = await ShakeHandsAsync(authority, await quic.HandshakeAsync(s_caller), certificate);
        if (why is null)
        {
            Assert.Null(problem);
            Assert.Empty(host.Log.Expected);
        }
        else
        {
            Assert.IsType<AuthenticationException>(problem);
            Assert.Contains(host.Log.Expected, e => e.Contains(why, StringComparison.Ordinal) && e.Contains("192.0.2.7", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Calls_over_it_are_answered_and_authenticated_as_any_other()
    {
        const byte get = 17, post = 20, ok = 0xC0 | 25;
        using var authority = new TestAuthority();
        var quic = new ScriptedQuic();
        await using var host = await TlsHost.StartAsync(authority, quic: quic);
        await using var connection = quic.Connect(s_caller);
        var (headers, body) = await connection.RequestAsync(get, "/healthz");
        Assert.Equal(("Healthy", ok), (body, headers[2]));
        (headers, body) = await connection.RequestAsync(post, "/rpc/probe/a/Multiply", json: """{"a":7,"b":8}""");
        Assert.NotEqual(ok, headers[2]);
        Assert.Contains("UNAUTHENTICATED", body, StringComparison.Ordinal);
        var calls = Enumerable.Range(0, 20).Select(i => connection.RequestAsync(post, "/rpc/probe/a/Multiply", $"Bearer {host.Token("alice", "user")}", $$"""{"a":7,"b":{{i}}}"""));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (ok, $"{7 * i}")), (await Task.WhenAll(calls)).Select(c => (c.Headers[2], c.Body)));
    }

    [Fact]
    public async Task A_udp_port_that_is_taken_is_a_warning_and_tcp_is_served()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, quic: new ScriptedQuic { Problem = "the port is taken" }, expect: "HTTP/3 is not served");
        Assert.Contains("the port is taken", Assert.Single(host.Log.Expected), StringComparison.Ordinal);
        Assert.Empty(await AltSvcAsync(authority, host.Address.ToString()));
    }

    private static async Task<IEnumerable<string>> AltSvcAsync(TestAuthority authority, string address)
    {
        using var client = authority.Client(new Uri(address));
        using var response = await client.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Headers.TryGetValues("Alt-Svc", out var values) ? values : [];
    }

    // The server's side decides; what the client makes of the end is its own affair.
    private static async Task<(Exception? Problem, string? Certificate)> ShakeHandsAsync(TestAuthority authority, SslServerAuthenticationOptions server, X509Certificate2? certificate)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var caller = new TcpClient();
        await caller.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var accepted = await listener.AcceptTcpClientAsync();
        await using SslStream ours = new(accepted.GetStream()), theirs = new(caller.GetStream());
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(authority.CaFile);
        var client = theirs.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http3],
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = trust,
            ClientCertificates = certificate is null ? null : [certificate],
        });
        var problem = await Record.ExceptionAsync(() => ours.AuthenticateAsServerAsync(server));
        _ = await Record.ExceptionAsync(() => client.WaitAsync(TimeSpan.FromSeconds(20)));
        return (problem, problem is null ? ((X509Certificate2)theirs.RemoteCertificate!).SerialNumber : null);
    }
}
