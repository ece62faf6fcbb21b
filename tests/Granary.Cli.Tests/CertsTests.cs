using System.Diagnostics;
using System.Runtime.Versioning;

namespace Granary.Cli.Tests;

/// <summary>What <c>granary certs</c> writes, judged by openssl.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CertsTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"granary-certs-{Guid.NewGuid():N}");

    [Fact]
    public async Task Certificates_are_what_openssl_takes_for_their_use_and_name()
    {
        await MakeAsync("ca");
        await MakeAsync("server", "api.example.com", "10.0.0.7");
        await MakeAsync("silo", "--cluster", "blue");
        await MakeAsync("client", "ada");
        await OpenSslAsync(0, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "api.example.com", "-CAfile", File("ca.pem"), File("server.pem"));
        await OpenSslAsync(0, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "10.0.0.7", "-CAfile", File("ca.pem"), File("server.pem"));
        await OpenSslAsync(2, "verify", "-purpose", "sslserver", "-verify_hostname", "other.example.com", "-CAfile", File("ca.pem"), File("server.pem"));
        await OpenSslAsync(2, "verify", "-purpose", "sslclient", "-CAfile", File("ca.pem"), File("server.pem"));
        await OpenSslAsync(0, "verify", "-purpose", "sslserver", "-verify_hostname", "silo.blue", "-CAfile", File("ca.pem"), File("silo.pem"));
        await OpenSslAsync(0, "verify", "-purpose", "sslclient", "-CAfile", File("ca.pem"), File("silo.pem"));
        await OpenSslAsync(0, "verify", "-purpose", "sslclient", "-CAfile", File("ca.pem"), File("ada.pem"));
        await OpenSslAsync(2, "verify", "-purpose", "sslserver", "-CAfile", File("ca.pem"), File("ada.pem"));
    }

    [Fact]
    public async Task A_revoked_certificate_is_on_the_list_with_those_revoked_before()
    {
        await MakeAsync("ca");
        foreach (var name in (string[])["ada", "bob", "eve"]) await MakeAsync("client", name);
        await MakeAsync("revoke", "ada");
        await MakeAsync("revoke", "eve", "ada");
        await MakeAsync("revoke");
        foreach (var (name, code) in ((string, int)[])[("ada", 2), ("bob", 0), ("eve", 2)])
            await OpenSslAsync(code, "verify", "-crl_check", "-CAfile", File("ca.pem"), "-CRLfile", File("crl.pem"), File(name + ".pem"));
    }

    [Fact]
    public async Task Keys_are_their_owners_alone_and_nothing_is_replaced_unasked()
    {
        await MakeAsync("ca");
        await MakeAsync("server");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File("ca.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File("server.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(_directory));
        var (ca, server) = (await System.IO.File.ReadAllTextAsync(File("ca.pem")), await System.IO.File.ReadAllTextAsync(File("server.key")));
        Assert.Contains("--force", (await RunAsync("ca")).Errors, StringComparison.Ordinal);
        Assert.Contains("--force", (await RunAsync("server")).Errors, StringComparison.Ordinal);
        Assert.Equal(ca, await System.IO.File.ReadAllTextAsync(File("ca.pem")));
        Assert.Equal(server, await System.IO.File.ReadAllTextAsync(File("server.key")));
        await MakeAsync("server", "--force");
        Assert.NotEqual(server, await System.IO.File.ReadAllTextAsync(File("server.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File("server.key")));
    }

    [Theory]
    [InlineData("'granary certs ca' makes one", "server")]
    [InlineData("--days is 0", "ca", "--days", "0")]
    [InlineData("is no name for a file", "client", "../../etc/ada")]
    [InlineData("write either", "client")]
    [InlineData("--cluster is", "silo", "--cluster", "not a name")]
    public async Task What_is_wrong_is_said_with_what_to_write(string says, params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        ended.Of(2);
        Assert.Contains(says, ended.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory));
    }

    public void Dispose()
    {
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    private string File(string name) => Path.Combine(_directory, name);

    private async Task MakeAsync(params string[] arguments) => (await RunAsync(arguments)).Of(0);

    private Task<Ended> RunAsync(params string[] arguments) => Tool.RunAsync(null, ["certs", .. arguments, "-d", _directory]);

    private static async Task OpenSslAsync(int code, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(process.ExitCode == code, $"openssl {string.Join(' ', arguments)}: {process.ExitCode}, {await output}{await errors}");
    }
}
