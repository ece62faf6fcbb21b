using System.Net;
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
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>TLS towards callers, with certificates made as <c>granary certs</c> makes them.</summary>
public sealed class EdgeTlsTests
{
    [Fact]
    public async Task Both_versions_of_http_are_served_under_the_certificate_of_the_files()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority);
        using var client = authority.Client(host.Address);
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await client.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
        }
    }

    [Theory]
#pragma warning disable SYSLIB0039, CA5397 // That it is refused is what is tried.
    [InlineData(SslProtocols.Tls11)]
#pragma warning restore SYSLIB0039, CA5397
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Only_versions_that_are_good_today_are_spoken(SslProtocols version)
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority);
        using var client = authority.Client(host.Address, configure: tls => tls.EnabledSslProtocols = version);
        if (version >= SslProtocols.Tls12) Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
        else await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/healthz"));
    }

    [Fact]
    public async Task A_cipher_without_forward_secrecy_or_authentication_of_the_data_is_refused()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority);
        foreach (var (suite, isGood) in ((TlsCipherSuite, bool)[])[(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false), (TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true)])
        {
            using var client = authority.Client(host.Address, configure: tls =>
            {
                tls.EnabledSslProtocols = SslProtocols.Tls12;
#pragma warning disable CA1416 // Tests run on Linux.
                tls.CipherSuitesPolicy = new CipherSuitesPolicy([suite]);
#pragma warning restore CA1416
            });
            if (isGood) Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
            else await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/healthz"));
        }
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_to_new_connections_and_open_ones_stay()
    {
        using var authority = new TestAuthority();
        var clock = new TestClock();
        await using var host = await TlsHost.StartAsync(authority, clock: clock);
        using var before = authority.Client(host.Address);
        var served = "";
        var watching = authority.Client(host.Address, configure: tls => tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            served = ((X509Certificate2)certificate!).SerialNumber;
            return errors == SslPolicyErrors.None;
        });
        using (watching) Assert.Equal("Healthy", await watching.GetStringAsync("/healthz"));
        var first = served;
        using var stream = await before.GetAsync("/healthz", HttpCompletionOption.ResponseHeadersRead);

        authority.IssueServer();
        clock.Advance(TimeSpan.FromSeconds(2));
        using (var again = authority.Client(host.Address, configure: tls => tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            served = ((X509Certificate2)certificate!).SerialNumber;
            return errors == SslPolicyErrors.None;
        })) Assert.Equal("Healthy", await again.GetStringAsync("/healthz"));
        Assert.NotEqual(first, served);
        Assert.Equal("Healthy", await before.GetStringAsync("/healthz"));
    }

    [Theory]
    [InlineData("half")]
    [InlineData("another key")]
    [InlineData("gone")]
    [InlineData("expired")]
    public async Task A_renewal_that_cannot_be_used_leaves_the_old_certificate_and_says_why(string how)
    {
        using var authority = new TestAuthority();
        var clock = new TestClock();
        await using var host = await TlsHost.StartAsync(authority, clock: clock);
        host.Log.Expect("cannot be used");
        var file = authority.Folder.CertificateFile("server");
        switch (how)
        {
            case "half": await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file))[..200]); break;
            case "another key": File.Copy(authority.Folder.KeyFile(CertificateFolder.Authority), authority.Folder.KeyFile("server"), overwrite: true); break;
            case "gone": File.Delete(file); break;
            default: authority.IssueServer(validFor: TimeSpan.FromHours(-1)); break;
        }

        clock.Advance(TimeSpan.FromSeconds(2));
        using var client = authority.Client(host.Address);
        Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
        Assert.Contains("Granary:Tls:", Assert.Single(host.Log.Expected), StringComparison.Ordinal);

        // The next good one is taken.
        authority.IssueServer();
        clock.Advance(TimeSpan.FromSeconds(2));
        using var next = authority.Client(host.Address);
        Assert.Equal("Healthy", await next.GetStringAsync("/healthz"));
        Assert.Single(host.Log.Expected);
    }

    [Fact]
    public async Task A_callers_certificate_that_holds_reaches_the_request()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, o => Ask(o, authority, ClientCertificates.Required));
        using var ada = authority.Issue(CertificateKind.Client, "ada");
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using var client = authority.Client(host.Address, ada);
            client.DefaultRequestVersion = version;
            Assert.Equal("CN=ada", await client.GetStringAsync("/who"));
        }
    }

    [Theory]
    [InlineData("none", "It showed no certificate")]
    [InlineData("unknown authority", "none of the authorities of Granary:Tls:CaFile")]
    [InlineData("expired", "not valid now")]
    [InlineData("not yet", "not valid now")]
    [InlineData("a server's", "is not for this use")]
    [InlineData("revoked", "has been revoked")]
    [InlineData("self-signed", "none of the authorities of Granary:Tls:CaFile")]
    public async Task A_callers_certificate_that_does_not_hold_is_refused_and_the_log_says_why(string what, string why)
    {
        using TestAuthority authority = new(), other = new("another authority");
        await using var host = await TlsHost.StartAsync(authority, o => Ask(o, authority, ClientCertificates.Required));
        host.Log.Expect("Refused a caller");
        using var certificate = what switch
        {
            "none" => null,
            "unknown authority" => other.Issue(CertificateKind.Client, "ada"),
            "expired" => authority.Issue(CertificateKind.Client, "ada", validFor: TimeSpan.FromHours(-1)),
            "not yet" => authority.Issue(CertificateKind.Client, "ada", from: DateTimeOffset.UtcNow.AddHours(1)),
            "a server's" => authority.Issue(CertificateKind.Server, "ada"),
            "self-signed" => X509CertificateLoader.LoadPkcs12(CertificateAuthority.Create("ada", TimeSpan.FromDays(1)).Certificate.Export(X509ContentType.Pkcs12), null),
            _ => authority.Issue(CertificateKind.Client, "ada"),
        };
        if (what == "revoked") authority.Revoke(certificate!);

        // A list is read with the other files, at the next look.
        host.Services.GetRequiredService<TestClock>().Advance(TimeSpan.FromSeconds(2));
        using var client = authority.Client(host.Address, certificate);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/healthz"));
        await UntilAsync(() => host.Log.Expected.Count > 0);
        Assert.Contains(host.Log.Expected, e => e.Contains(why, StringComparison.Ordinal) && e.Contains("127.0.0.1", StringComparison.Ordinal));

        using var good = authority.Issue(CertificateKind.Client, "bob");
        using var welcome = authority.Client(host.Address, good);
        Assert.Equal("CN=bob", await welcome.GetStringAsync("/who"));
    }

    [Fact]
    public async Task Where_certificates_may_be_shown_who_has_none_comes_in_and_a_bad_one_does_not()
    {
        using TestAuthority authority = new(), other = new("another authority");
        await using var host = await TlsHost.StartAsync(authority, o => Ask(o, authority, ClientCertificates.Allowed));
        host.Log.Expect("Refused a caller");
        using var without = authority.Client(host.Address);
        Assert.Equal("nobody", await without.GetStringAsync("/who"));
        using var stranger = authority.Client(host.Address, other.Issue(CertificateKind.Client, "ada"));
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetStringAsync("/who"));
        await UntilAsync(() => host.Log.Expected.Count > 0);
    }

    [Fact]
    public async Task An_open_connection_ends_when_its_certificate_is_revoked()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, o => Ask(o, authority, ClientCertificates.Required));
        host.Log.Expect("has been revoked");
        using X509Certificate2 ada = authority.Issue(CertificateKind.Client, "ada"), bob = authority.Issue(CertificateKind.Client, "bob");
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using HttpClient bad = authority.Client(host.Address, ada), good = authority.Client(host.Address, bob);
            bad.DefaultRequestVersion = good.DefaultRequestVersion = version;
            if (version == HttpVersion.Version11)
            {
                Assert.Equal("CN=ada", await bad.GetStringAsync("/who"));
                Assert.Equal("CN=bob", await good.GetStringAsync("/who"));
                authority.Revoke(ada);
                host.Services.GetRequiredService<TestClock>().Advance(TimeSpan.FromSeconds(2));
            }

            await Assert.ThrowsAsync<HttpRequestException>(() => bad.GetStringAsync("/who"));
            Assert.Equal("CN=bob", await good.GetStringAsync("/who"));
        }

        Assert.Contains(host.Log.Expected, e => e.Contains("was closed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_that_ends_soon_is_a_warning()
    {
        using var authority = new TestAuthority();
        var clock = new TestClock();
        await using var host = await TlsHost.StartAsync(authority, clock: clock, validFor: TimeSpan.FromDays(5));
        host.Log.Expect("is good until");
        Assert.Empty(host.Log.Expected);
        clock.Advance(TimeSpan.FromDays(4.9));
        using var watch = new CertificateWatch(host.Services.GetRequiredService<EdgeTls>(), clock, host.Services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<EdgeTls>>());
        await watch.StartAsync(CancellationToken.None);
        Assert.Contains("CN=localhost", Assert.Single(host.Log.Expected), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_comes_without_tls_is_sent_on_or_refused_and_probes_are_answered()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, o => o.RedirectHttp = true, kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a)).ToList();
        var (secure, plain) = (addresses.Single(a => a.Scheme == "https"), addresses.Single(a => a.Scheme == "http"));
        using var client = authority.Client(plain);
        using var redirect = await client.GetAsync("/rpc/probe/a%2Fb/Key?x=%0d%0aset-cookie:y");
        Assert.Equal(HttpStatusCode.PermanentRedirect, redirect.StatusCode);
        Assert.Equal($"https://127.0.0.1:{secure.Port}/rpc/probe/a%2Fb/Key?x=%0d%0aset-cookie:y", redirect.Headers.Location!.OriginalString);
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""", client).ProblemAsync(403, "PERMISSION_DENIED");
        Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
        using var http2 = new HttpRequestMessage(HttpMethod.Get, "/who") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal(HttpStatusCode.PermanentRedirect, (await client.SendAsync(http2)).StatusCode);
        using var https = authority.Client(secure);
        Assert.Equal("nobody", await https.GetStringAsync("/who"));
    }

    [Fact]
    public async Task By_tls_browsers_are_told_to_stay_with_it_but_not_on_their_own_machine()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, o => o.Hsts = TimeSpan.FromDays(2));

        // The name that is asked for is the one that the client expects in the certificate.
        using var client = authority.Client(host.Address, configure: tls => tls.RemoteCertificateValidationCallback = (_, _, _, errors) => errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNameMismatch);
        foreach (var (name, told) in ((string, string?)[])[("api.example.com", "max-age=172800"), ("localhost", null)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/who");
            request.Headers.Host = name;
            using var response = await client.SendAsync(request);
            Assert.Equal(told, response.Headers.TryGetValues("Strict-Transport-Security", out var values) ? Assert.Single(values) : null);
        }
    }

    [Fact]
    public async Task A_handshake_that_does_not_go_on_is_cut_and_holds_nobody_up()
    {
        using var authority = new TestAuthority();
        await using var host = await TlsHost.StartAsync(authority, o => o.HandshakeTimeout = TimeSpan.FromSeconds(1));
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await silent.ConnectAsync(host.Address.Host, host.Address.Port);
        using var slow = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await slow.ConnectAsync(host.Address.Host, host.Address.Port);
        await slow.SendAsync(new byte[] { 0x16, 3, 1, 2, 0, 1 });
        using var client = authority.Client(host.Address);
        Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
        foreach (var socket in (Socket[])[silent, slow])
        {
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            try
            {
                while (await socket.ReceiveAsync(new byte[256], bound.Token) > 0) { }
            }
            catch (SocketException)
            {
            }
        }
    }

    [Theory]
    [InlineData("no certificate", "Granary:Tls:CertificateFile is not set")]
    [InlineData("no authority", "Granary:Tls:CaFile is not set")]
    [InlineData("no such file", "Granary:Tls:CertificateFile '/no/such.pem' cannot be read")]
    [InlineData("another key", "Granary:Tls:CertificateFile")]
    public async Task Settings_that_cannot_work_stop_the_start(string what, string says)
    {
        using var authority = new TestAuthority();
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options =>
        {
            authority.Serve(options.Tls);
            switch (what)
            {
                case "no certificate": options.Tls.CertificateFile = null; break;
                case "no authority": options.Tls.ClientCertificates = ClientCertificates.Allowed; break;
                case "no such file": options.Tls.CertificateFile = "/no/such.pem"; break;
                default: options.Tls.KeyFile = authority.Folder.KeyFile(CertificateFolder.Authority); break;
            }
        }));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static void Ask(EdgeTlsOptions options, TestAuthority authority, ClientCertificates asks) =>
        (options.ClientCertificates, options.CaFile, options.CrlFile) = (asks, authority.CaFile, authority.Folder.CrlFile);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition()) await Task.Delay(5, bound.Token);
    }
}
