using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Granary.Tests;
using StackExchange.Redis;

namespace Granary.Cluster.Tests;

/// <summary>The Silo program and a Redis that asks for TLS and a user's name.</summary>
public sealed class RedisUserTests
{
    private const string Secret = "Granary:Engine:ClusterSecret=a secret of the cluster's processes";

    [Fact]
    public async Task A_silo_logs_in_over_TLS_as_the_user_of_its_connection_string()
    {
        var folder = Directory.CreateTempSubdirectory("granary-tls-").FullName;
        var (certificateFile, keyFile) = (Path.Combine(folder, "server.crt"), Path.Combine(folder, "server.key"));
        WriteCertificate(certificateFile, keyFile);
        await using var network = new LoopbackNetwork();
        var port = FreePort.Next(network.Here.Listen);
        await using var redis = await RedisServer.StartAsync(
            "redis", network.Here, isDurable: false,
            "--tls-port", $"{port}", "--tls-cert-file", certificateFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", certificateFile, "--tls-auth-clients", "no",
            "--user", "granary", "reset", "on", ">hush", "~granary:*", "&granary:*", "+@all", "-@dangerous", "+info");

        // The process trusts the authority that it is given; the test itself does not, and need not.
        await using var silo = HostProcess.Start("Silo", "Production", $"Granary:Redis:ConnectionString=127.0.0.1:{port},user=granary,password=hush,ssl=true,sslHost=localhost", $"SSL_CERT_FILE={certificateFile}", Secret);
        await silo.AddressAsync();

        using var asking = await ConnectionMultiplexer.ConnectAsync(redis.Connection);
        var clients = (string?)await asking.GetDatabase().ExecuteAsync("CLIENT", "LIST") ?? "";
        Assert.Contains("user=granary", clients, StringComparison.Ordinal);
        Assert.DoesNotContain(silo.Lines, line => line.Contains("hush", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    private static void WriteCertificate(string certificateFile, string keyFile)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportRSAPrivateKeyPem());
    }
}
