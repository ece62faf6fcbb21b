using System.Net.Sockets;
using System.Runtime.InteropServices;
using Granary.Certificates;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Transport.Tests;

public sealed class TlsTests
{
    [Fact]
    public async Task Processes_with_certificates_of_one_authority_talk()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(With(authority.Issue("one.silo")));
        var two = cluster.AddSilo(With(authority.Issue("two.silo", asPfx: true)));
        var grain = one.ProbeOn(two);
        Assert.Equal(3, await grain.Add(1, 2));
        var text = new string('x', 300_000);
        Assert.Equal(text, await grain.Echo(text));
        var items = new List<int>();
        await foreach (var item in grain.Count(500)) items.Add(item);
        Assert.Equal(Enumerable.Range(0, 500), items);
        Assert.Equal(2000, (await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => grain.Add(i, 1)))).Length);
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_graceful_stop_over_tls_loses_no_call()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(With(authority.Issue("one.silo")));
        var two = cluster.AddSilo(With(authority.Issue("two.silo")));
        var gate = Gate.NewName();
        var call = one.ProbeOn(two).WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        var stopping = two.Network.StopAsync(TimeSpan.FromSeconds(20));
        Gate.Of(gate).Open();
        Assert.Equal(gate, await call);
        await stopping;
    }

    [Fact]
    public async Task Tls_and_the_shared_secret_go_together()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(With(authority.Issue("one.silo"), "secret"));
        var two = cluster.AddSilo(With(authority.Issue("two.silo"), "secret"));
        var stranger = cluster.AddClient(With(authority.Issue("three.silo"), "another"));
        Assert.Equal(3, await one.ProbeOn(two).Add(1, 2));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => stranger.Network.ConnectAsync(two.Address!.Endpoint, CancellationToken.None));
        Assert.Contains("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_and_the_log_says_so()
    {
        using Authority ours = new(), theirs = new("another authority");
        var stranger = theirs.Issue("two.silo");
        stranger.CaFile = ours.CaFile; // it would trust us
        await AssertRefused(ours.Issue("one.silo"), stranger, "CN=another authority, which is none of the authorities");
    }

    [Fact]
    public async Task An_expired_certificate_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        await AssertRefused(authority.Issue("one.silo"), authority.Issue("two.silo", validFor: TimeSpan.FromHours(-1)), "is not valid now");
    }

    [Fact]
    public async Task A_certificate_that_is_not_valid_yet_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        await AssertRefused(authority.Issue("one.silo"), authority.Issue("two.silo", from: TimeProvider.System.GetUtcNow().AddDays(1)), "is not valid now");
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        var (options, revoked) = (authority.Issue("one.silo"), authority.Issue("two.silo"));
        authority.Revoke(revoked);
        options.CrlFile = authority.CrlFile;
        await AssertRefused(options, revoked, "has been revoked");
    }

    [Fact]
    public async Task A_dialler_refuses_a_silo_whose_certificate_was_revoked()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var revoked = authority.Issue("one.silo");
        var silo = cluster.AddSilo(With(revoked));
        authority.Revoke(revoked);
        var options = authority.Issue("some.client");
        options.CrlFile = authority.CrlFile;
        var client = cluster.AddClient(With(options));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => client.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None));
        Assert.Contains("has been revoked", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_changes_cuts_the_revoked_off_and_leaves_the_others()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        authority.Revoke();
        var options = authority.Issue("one.silo");
        options.CrlFile = authority.CrlFile;
        var silo = cluster.AddSilo(With(options));
        var (bad, good) = (authority.Issue("bad.client"), authority.Issue("good.client"));
        var (badClient, goodClient) = (cluster.AddClient(With(bad)), cluster.AddClient(With(good)));
        var (badProbe, goodProbe) = (badClient.ProbeOn(silo), goodClient.ProbeOn(silo));
        Assert.Equal(3, await badProbe.Add(1, 2));
        Assert.Equal(3, await goodProbe.Add(1, 2));
        var opened = goodClient.Network.Statistics().Opened;

        authority.Revoke(bad);
        await Until.True(() => cluster.Log.Entries.Any(e => e.Text.Contains("was closed: its certificate (CN=bad.client) has been revoked", StringComparison.Ordinal)), "the cut");
        await Until.True(() => badClient.Network.Statistics().Connections.All(c => c.State != "Open"), "the end of the connection");
        await Assert.ThrowsAnyAsync<OrleansException>(() => badProbe.Add(1, 2));
        await AssertRefusal(cluster, silo, "Its certificate (CN=bad.client) has been revoked");
        Assert.Equal(3, await goodProbe.Add(1, 2));
        Assert.Equal(opened, goodClient.Network.Statistics().Opened);
    }

    [Fact]
    public async Task A_list_that_is_not_the_authoritys_does_not_count()
    {
        using Authority ours = new("one"), theirs = new("two"), alike = new("one");
        foreach (var (list, says) in ((Authority, string)[])[(theirs, "none of the authorities"), (alike, "signature")])
        {
            list.Revoke();
            var options = ours.Issue("one.silo");
            options.CrlFile = list.CrlFile;
            var error = Assert.Throws<OrleansConfigurationException>(() => new PeerTls(options, TimeProvider.System, new TransportLog(new TestLog())));
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }

        var broken = ours.Issue("one.silo");
        ours.Revoke();
        var text = await File.ReadAllTextAsync(ours.CrlFile);
        await File.WriteAllTextAsync(ours.CrlFile, text[..(text.Length / 2)] + text[((text.Length / 2) + 4)..]);
        broken.CrlFile = ours.CrlFile;
        Assert.Contains("CrlFile", Assert.Throws<OrleansConfigurationException>(() => new PeerTls(broken, TimeProvider.System, new TransportLog(new TestLog()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_ends_soon_is_a_warning_and_so_is_an_old_list()
    {
        using var authority = new Authority();
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        authority.Revoke();
        var options = authority.Issue("one.silo", validFor: TimeSpan.FromDays(9));
        options.CrlFile = authority.CrlFile;
        var log = new TestLog();
        var tls = new PeerTls(options, time, new TransportLog(log));
        tls.Watch();
        Assert.DoesNotContain(log.Entries, e => e.Level == LogLevel.Warning);
        time.Advance(TimeSpan.FromDays(8.5));
        tls.Watch();
        tls.Watch();
        Assert.Single(log.Entries, e => e.Text.Contains("CN=one.silo (Granary:Engine:Tls:CertificateFile) is good until", StringComparison.Ordinal));
        Assert.Single(log.Entries, e => e.Text.Contains("the old one stays in force", StringComparison.Ordinal));
    }

    [Fact]
    public void A_certificate_behind_a_swapped_link_is_taken_up()
    {
        using var authority = new Authority();
        var (before, after) = (authority.Issue("before.silo"), authority.Issue("after.silo"));

        // As Kubernetes mounts a secret: files are links to ..data/file, and ..data is a link that is swapped.
        var mount = Directory.CreateTempSubdirectory("granary-mount-").FullName;
        try
        {
            Lay("one", before);
            Lay("two", after);
            Directory.CreateSymbolicLink(Path.Combine(mount, "..data"), Path.Combine(mount, "one"));
            foreach (var file in (string[])["tls.crt", "tls.key"]) File.CreateSymbolicLink(Path.Combine(mount, file), Path.Combine("..data", file));
            var time = new ManualTime();
            var log = new TestLog();
            var tls = new PeerTls(new TlsOptions { CertificateFile = Path.Combine(mount, "tls.crt"), KeyFile = Path.Combine(mount, "tls.key"), CaFile = authority.CaFile }, time, new TransportLog(log));
            Directory.CreateSymbolicLink(Path.Combine(mount, "..data_tmp"), Path.Combine(mount, "two"));
            Assert.Equal(0, rename(Path.Combine(mount, "..data_tmp"), Path.Combine(mount, "..data")));
            time.Advance(TimeSpan.FromSeconds(2));
            tls.Watch();
            Assert.Contains(log.Entries, e => e.Text.Contains("The certificate CN=after.silo was read again", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(mount, recursive: true);
        }

        void Lay(string name, TlsOptions options)
        {
            var directory = Directory.CreateDirectory(Path.Combine(mount, name)).FullName;
            File.Copy(options.CertificateFile!, Path.Combine(directory, "tls.crt"));
            File.Copy(options.KeyFile!, Path.Combine(directory, "tls.key"));
        }
    }

    [Fact]
    public async Task An_expired_renewal_leaves_a_good_certificate_in_use()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var options = authority.Issue("one.silo");
        var silo = cluster.AddSilo(With(options), time);
        authority.Replace(options, "late.silo", TimeSpan.FromHours(-2));
        time.Advance(TimeSpan.FromSeconds(2));
        var client = cluster.AddClient(With(authority.Issue("some.client")));
        Assert.Equal(3, await client.ProbeOn(silo).Add(1, 2));
        Assert.Contains(cluster.Log.Entries, e => e.Level == LogLevel.Error && e.Text.Contains("which is not now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_with_another_name_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        var options = authority.Issue("one.silo");
        options.AllowedNames = ["*.silo", "gateway"];
        await AssertRefused(options, authority.Issue("deep.er.silo"), "names deep.er.silo, 127.0.0.1. Granary:Engine:Tls:AllowedNames allows *.silo, gateway");
    }

    [Fact]
    public async Task A_certificate_for_another_use_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        await AssertRefused(authority.Issue("one.silo"), authority.Issue("two.silo", kind: CertificateKind.Server), "is not for this use");
    }

    [Fact]
    public async Task A_process_without_a_certificate_is_refused_and_the_log_says_so()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(With(authority.Issue("one.silo")));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo.Address!.Endpoint);
        await using var stream = new System.Net.Security.SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions
        {
            TargetHost = "one.silo",
            ApplicationProtocols = [new("granary/1")],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        await AssertRefusal(cluster, silo, "It showed no certificate");
    }

    [Fact]
    public async Task Where_certificates_are_not_asked_of_diallers_the_secret_lets_them_in()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var options = authority.Issue("one.silo");
        options.RequireMutual = false;
        var silo = cluster.AddSilo(With(options, "secret"));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo.Address!.Endpoint);
        var stream = new System.Net.Security.SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions
        {
            TargetHost = "one.silo",
            ApplicationProtocols = [new("granary/1")],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        using var connection = new TlsSocket(socket, stream, null);
        var (peer, _) = await Handshake.DialAsync(connection, RawPeer.ClientIdentity(), "secret", silo.Address, 0, 1 << 20, CancellationToken.None);
        Assert.Equal(silo.Address, peer.Silo);
    }

    [Fact]
    public async Task A_client_whose_certificate_is_not_a_silos_cannot_say_it_is_a_silo()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var options = authority.Issue("one.silo");
        options.AllowedNames = ["*.client"];
        options.SiloNames = ["*.silo"];
        var silo = cluster.AddSilo(With(options));
        var client = cluster.AddClient(With(authority.Issue("some.client")));
        Assert.Equal(3, await client.ProbeOn(silo).Add(1, 2));

        var impostor = cluster.AddSilo(With(authority.Issue("some.client")));
        await Assert.ThrowsAnyAsync<OrleansException>(() => impostor.ProbeOn(silo).Add(1, 2));
        await AssertRefusal(cluster, silo, "It says it is a silo, and its certificate (CN=some.client) names some.client, 127.0.0.1");
    }

    [Fact]
    public async Task A_dialler_does_not_talk_to_a_silo_whose_certificate_is_not_a_silos()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(With(authority.Issue("some.client")));
        var options = authority.Issue("two.silo", uri: "spiffe://cluster/silo");
        options.SiloNames = ["*.silo", "spiffe://cluster/silo"];
        var client = cluster.AddClient(With(options));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => client.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None));
        Assert.Contains("SiloNames allows *.silo", refused.Message, StringComparison.Ordinal);

        var named = cluster.AddSilo(With(authority.Issue("odd.name", uri: "spiffe://cluster/silo")));
        await client.Network.ConnectAsync(named.Address!.Endpoint, CancellationToken.None);
    }

    [Fact]
    public async Task A_process_with_tls_and_one_without_say_what_is_wrong()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var plain = cluster.AddSilo();
        var secure = cluster.AddClient(With(authority.Issue("two.silo")));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => secure.Network.ConnectAsync(plain.Address!.Endpoint, CancellationToken.None));
        Assert.Contains("Granary:Engine:Tls", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewed_certificate_is_taken_up_and_open_connections_stay()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var options = authority.Issue("old.silo");
        var silo = cluster.AddSilo(With(options), time);
        var clientOptions = authority.Issue("some.client");
        clientOptions.AllowedNames = ["old.silo"];
        var before = cluster.AddClient(With(clientOptions));
        var grain = before.ProbeOn(silo);
        Assert.Equal(3, await grain.Add(1, 2));

        authority.Replace(options, "renewed.silo");
        time.Advance(TimeSpan.FromSeconds(2));
        var after = cluster.AddClient(With(clientOptions));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => after.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None));
        Assert.Contains("renewed.silo", refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, await grain.Add(1, 2));
        Assert.Contains(cluster.Log.Entries, e => e.Text.Contains("The certificate CN=renewed.silo was read again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_renewal_that_cannot_be_read_leaves_the_old_certificate_in_use()
    {
        using var authority = new Authority();
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var time = new ManualTime();
        var options = authority.Issue("one.silo");
        var silo = cluster.AddSilo(With(options), time);
        await File.WriteAllTextAsync(options.CertificateFile!, "half a certif");
        time.Advance(TimeSpan.FromSeconds(2));
        var client = cluster.AddClient(With(authority.Issue("some.client")));
        Assert.Equal(3, await client.ProbeOn(silo).Add(1, 2));
        Assert.Contains(cluster.Log.Entries, e => e.Level == LogLevel.Error && e.Text.Contains("cannot be used", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no certificate", "has no CertificateFile")]
    [InlineData("no such file", "cannot be read")]
    [InlineData("no key", "KeyFile")]
    [InlineData("trusts all", "neither CaFile nor AllowedNames")]
    [InlineData("empty authority", "holds no certificate")]
    public void Options_that_cannot_work_are_refused_at_start(string wrong, string message)
    {
        using var authority = new Authority();
        var options = authority.Issue("one.silo");
        switch (wrong)
        {
            case "no certificate": options.CertificateFile = null; break;
            case "no such file": options.CertificateFile = "/no/such/file.pem"; break;
            case "no key": options.KeyFile = null; break;
            case "trusts all": options.CaFile = null; break;
            default: options.CaFile = options.KeyFile; break;
        }

        var error = Assert.Throws<OrleansConfigurationException>(() => new PeerTls(options, TimeProvider.System, new TransportLog(new TestLog())));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static async Task AssertRefused(TlsOptions here, TlsOptions stranger, string reason)
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(With(here));
        var client = cluster.AddClient(With(stranger));
        // The dialler may learn it at once or, in TLS 1.3, when it reads.
        await Assert.ThrowsAnyAsync<Exception>(() => client.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None));
        await AssertRefusal(cluster, silo, reason);
    }

    private static async Task AssertRefusal(TestCluster cluster, TestProcess silo, string reason)
    {
        await Until.True(() => cluster.Log.Entries.Any(e => e.Text.Contains("Refused a connection", StringComparison.Ordinal)), "a refusal");
        Assert.Contains(cluster.Log.Entries, e => e.Level == LogLevel.Warning && e.Text.Contains("Refused a connection", StringComparison.Ordinal) && e.Text.Contains(reason, StringComparison.Ordinal));
        Assert.DoesNotContain(silo.Network.Statistics().Connections, c => c.State == "Open" && !c.IsClient);
    }

    private static Func<PeerNetworkOptions, PeerNetworkOptions> With(TlsOptions tls, string? secret = null) => o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, Tls = tls, SharedSecret = secret };

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int rename(string from, string to);
}
