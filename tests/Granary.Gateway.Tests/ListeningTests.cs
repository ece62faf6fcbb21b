using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Granary.Gateway.Listening;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>HTTP/1.1 and HTTP/2 on one port, and callers who are slow to say which, or speak neither.</summary>
public sealed class ListeningTests
{
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    // Length 0, type 4, no flags, stream 0.
    private static readonly byte[] s_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    [Fact]
    public async Task Both_versions_are_served_on_one_port()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(HttpVersion.Version11, await VersionAsync(host.Client, host.Address, HttpVersion.Version11));
        Assert.Equal(HttpVersion.Version20, await VersionAsync(host.Client, host.Address, HttpVersion.Version20));
    }

    [Fact]
    public async Task A_port_for_http_2_alone_stays_one()
    {
        await using var host = await GatewayHost.StartAsync(protocols: HttpProtocols.Http2);
        Assert.Equal(HttpVersion.Version20, await VersionAsync(host.Client, host.Address, HttpVersion.Version20));
    }

    [Fact]
    public async Task A_port_for_http_1_alone_stays_one()
    {
        await using var host = await GatewayHost.StartAsync(protocols: HttpProtocols.Http1);
        await Assert.ThrowsAsync<HttpRequestException>(() => VersionAsync(host.Client, host.Address, HttpVersion.Version20));
        Assert.Equal(HttpVersion.Version11, await VersionAsync(host.Client, host.Address, HttpVersion.Version11));
    }

    [Fact]
    public async Task With_tls_the_version_is_negotiated()
    {
        using var certificate = Certificate();
        await using var host = await GatewayHost.StartAsync(certificate: certificate);
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        Assert.Equal(HttpVersion.Version20, await VersionAsync(client, host.Address, HttpVersion.Version20));
        Assert.Equal(HttpVersion.Version11, await VersionAsync(client, host.Address, HttpVersion.Version11));
    }

    [Fact]
    public async Task A_port_with_tls_does_not_serve_clear_text()
    {
        using var certificate = Certificate();
        await using var host = await GatewayHost.StartAsync(certificate: certificate);
        using var socket = await ConnectAsync(host);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Preface));
        await socket.SendAsync(s_settings);
        var answer = await ReadAsync(socket, 9);
        Assert.False(answer.Length == 9 && answer[3] == 4, "HTTP/2 settings came in clear text.");
    }

    [Fact]
    public async Task A_preface_may_come_byte_by_byte()
    {
        await using var host = await GatewayHost.StartAsync();
        using var socket = await ConnectAsync(host);
        foreach (var b in Encoding.ASCII.GetBytes(Preface)) await socket.SendAsync(new[] { b });
        await socket.SendAsync(s_settings);
        Assert.Equal(4, (await ReadAsync(socket, 9))[3]);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PROPFIND")]
    [InlineData("PRIZE")]
    [InlineData("P")]
    public async Task A_request_may_come_byte_by_byte(string method)
    {
        await using var host = await GatewayHost.StartAsync();
        await using var raw = await RawClient.ConnectAsync(host);
        foreach (var c in $"{method} /nowhere HTTP/1.1\r\nHost: x\r\n\r\n") await raw.SendAsync(c.ToString());
        Assert.StartsWith("HTTP/1.1 404", await raw.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PR")]
    [InlineData("PRI")]
    public async Task Who_does_not_say_what_he_speaks_is_cut_and_holds_nobody_up(string beginning)
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.FirstBytes = TimeSpan.FromSeconds(1));
        var silent = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ConnectAsync(host)));
        foreach (var socket in silent) await socket.SendAsync(Encoding.ASCII.GetBytes(beginning));
        Assert.Equal(HttpVersion.Version20, await VersionAsync(host.Client, host.Address, HttpVersion.Version20));
        Assert.Equal(HttpVersion.Version11, await VersionAsync(host.Client, host.Address, HttpVersion.Version11));
        foreach (var socket in silent)
        {
            Assert.Empty(await ReadAsync(socket, 1));
            socket.Dispose();
        }

        Assert.Equal(0, host.Services.GetRequiredService<ProtocolSorter>().Undecided);
    }

    [Fact]
    public async Task Too_many_who_do_not_say_are_closed_at_once()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Connections.Undecided = 2;
            options.Connections.FirstBytes = TimeSpan.FromMinutes(10);
        });
        var sorter = host.Services.GetRequiredService<ProtocolSorter>();
        using var first = await ConnectAsync(host);
        using var second = await ConnectAsync(host);
        await UntilAsync(() => sorter.Undecided == 2);
        using (var third = await ConnectAsync(host)) Assert.Empty(await ReadAsync(third, 1));

        first.Close();
        await UntilAsync(() => sorter.Undecided == 1);
        Assert.Equal(HttpVersion.Version20, await VersionAsync(host.Client, host.Address, HttpVersion.Version20));
    }

    [Fact]
    public async Task Who_speaks_neither_gets_a_clean_end()
    {
        await using var host = await GatewayHost.StartAsync();
        byte[][] strange =
        [
            [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, .. RandomNumberGenerator.GetBytes(200)],
            Encoding.ASCII.GetBytes("PRI * HTTP/1.1\r\nHost: x\r\n\r\n"),
            Encoding.ASCII.GetBytes("PRI nothing of the kind, and long enough for a preface\r\n\r\n"),
            [.. Encoding.ASCII.GetBytes(Preface), 0xff, 0xff, 0xff, 9, 9, 9, 9, 9, 9],
            new byte[64],
            "SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(),
        ];
        foreach (var bytes in strange)
        {
            using var socket = await ConnectAsync(host);
            await socket.SendAsync(bytes);
            socket.Shutdown(SocketShutdown.Send);
            await ReadAsync(socket, int.MaxValue);
        }

        Assert.Equal(HttpVersion.Version20, await VersionAsync(host.Client, host.Address, HttpVersion.Version20));
        await UntilAsync(() => host.Services.GetRequiredService<ProtocolSorter>().Undecided == 0);
    }

    [Fact]
    public async Task The_limits_of_the_options_hold_for_http_2()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Connections.Streams = 17);
        using var socket = await ConnectAsync(host);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Preface));
        await socket.SendAsync(s_settings);
        var head = await ReadAsync(socket, 9);
        var settings = await ReadAsync(socket, head[2]);

        // SETTINGS_MAX_CONCURRENT_STREAMS (3).
        var values = settings.Chunk(6).ToDictionary(s => (s[0] << 8) + s[1], s => (s[2] << 24) + (s[3] << 16) + (s[4] << 8) + s[5]);
        Assert.Equal(17, values[3]);
        Assert.Equal(32 * 1024, values[6]);
    }

    [Fact]
    public async Task A_host_that_stops_ends_its_http_2_connections()
    {
        var host = await GatewayHost.StartAsync();
        using var socket = await ConnectAsync(host);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Preface));
        await socket.SendAsync(s_settings);
        await ReadAsync(socket, 9);
        var rest = ReadAsync(socket, int.MaxValue);
        await host.DisposeAsync();

        // GOAWAY, and then the end.
        var all = await rest;
        Assert.Contains(Enumerable.Range(0, all.Length - 8), i => all[i] == 0 && all[i + 1] == 0 && all[i + 2] == 8 && all[i + 3] == 7);
    }

    private static async Task<Version> VersionAsync(HttpClient client, Uri address, Version version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/healthz")) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Version;
    }

    private static async Task<Socket> ConnectAsync(GatewayHost host)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(host.Address.Host, host.Address.Port);
        return socket;
    }

    // As much as comes before the end; a reset is an end.
    private static async Task<byte[]> ReadAsync(Socket socket, int most)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (all.Length < most && await socket.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most - all.Length)), bound.Token) is var read and > 0) all.Write(buffer, 0, read);
        }
        catch (SocketException)
        {
        }

        return all.ToArray();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition()) await Task.Delay(5, bound.Token);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
