using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Granary.Gateway.Authentication;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Granary.Gateway.Tests;

/// <summary>Callers that the certificate of their connection makes.</summary>
public sealed class CertificateCallerTests
{
    [Fact]
    public async Task A_certificates_name_makes_its_caller_and_others_are_strangers()
    {
        using var pinned = Certificate("whoever");
        await using var host = await StartAsync(
            new CertificateOptions { Name = "spiffe://prod/*", Roles = ["operator"] },
            new CertificateOptions { Name = "billing.example.com", Subject = "billing", Roles = ["user"], Tenant = "a" },
            new CertificateOptions { CommonName = "robot-*" },
            new CertificateOptions { Thumbprint = Convert.ToHexString(SHA256.HashData(pinned.RawData)), Subject = "pinned" });

        Assert.Equal("spiffe://prod/orders", await WhoAsync(host, Certificate("x", uri: "spiffe://prod/orders")));
        Assert.Equal("billing", await WhoAsync(host, Certificate("x", dns: "Billing.Example.com")));
        Assert.Equal("robot-7", await WhoAsync(host, Certificate("robot-7")));
        Assert.Equal("pinned", await WhoAsync(host, pinned));

        // Near misses.
        foreach (var stranger in new[]
        {
            Certificate("x", uri: "spiffe://prod.evil/orders"), Certificate("x", uri: "spiffe://prod/"), Certificate("x", dns: "billing.example.com.evil"), Certificate("x", dns: "xbilling.example.com"),
            Certificate("Robot-7"), Certificate("robot-"), Certificate("x, CN=robot-7"), Certificate("whoever"), Certificate("billing.example.com"), Certificate("spiffe://prod/orders"),
        }) Assert.Equal("", await WhoAsync(host, stranger));
        Assert.Equal("", await WhoAsync(host, null));
    }

    [Fact]
    public async Task What_it_may_do_comes_from_the_rule_and_a_token_comes_first()
    {
        using var certificate = Certificate("x", uri: "spiffe://prod/orders");
        await using var host = await StartAsync(new CertificateOptions { Name = "spiffe://prod/*", Roles = ["operator"] });
        using var client = Client(host, certificate);
        await client.PostAsync("/rpc/probe/a/ForAdmins", null).OkAsync();
        await client.PostAsync("/rpc/probe/a/ForTenant", null).ProblemAsync(403, "PERMISSION_DENIED");
        var batch = await client.PostAsync("/jsonrpc", new StringContent("""[{"jsonrpc":"2.0","method":"probe.ForAdmins","params":["a"],"id":1}]""", Encoding.UTF8, "application/json")).OkAsync();
        Assert.Contains("\"in\"", batch, StringComparison.Ordinal);

        // The token is another's, and so is what it may do; one that is wrong is not made up for.
        client.DefaultRequestHeaders.Authorization = new("Bearer", host.Token("ann", "user"));
        Assert.Contains("ann", await client.PostAsync("/rpc/probe/a/WhoAmI", null).OkAsync(), StringComparison.Ordinal);
        await client.PostAsync("/rpc/probe/a/ForAdmins", null).ProblemAsync(403, "PERMISSION_DENIED");
        client.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
        await client.PostAsync("/rpc/probe/a/ForAdmins", null).ProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_rule_that_nearly_anything_fits_stops_the_start()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(
            new CertificateOptions { Name = "*" }, new CertificateOptions { CommonName = "a*b" }, new CertificateOptions(), new CertificateOptions { Thumbprint = "12" }, new CertificateOptions { Name = "a.b", CommonName = "c.d" }));
        for (var i = 0; i < 5; i++) Assert.Contains($"Granary:Authentication:Certificates:{i} ", error.Message, StringComparison.Ordinal);
    }

    private static async Task<GatewayHost> StartAsync(params CertificateOptions[] rules) => await GatewayHost.StartAsync(
        options =>
        {
            foreach (var rule in rules) options.Authentication.Certificates.Add(rule);
        },
        listen: kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(Certificate("localhost"), https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));

    private static async Task<string> WhoAsync(GatewayHost host, X509Certificate2? certificate)
    {
        using var client = Client(host, certificate);
        return System.Text.Json.Nodes.JsonNode.Parse(await client.PostAsync("/rpc/probe/a/WhoAmI", null).OkAsync())!["granary.subject"]!.GetValue<string>();
    }

    private static HttpClient Client(GatewayHost host, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        if (certificate is not null) handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        return new HttpClient(handler) { BaseAddress = new UriBuilder(host.Address) { Scheme = "https", Host = IPAddress.Loopback.ToString() }.Uri };
    }

    private static X509Certificate2 Certificate(string commonName, string? dns = null, string? uri = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("robot-7@example.com");
        if (dns is not null) names.AddDnsName(dns);
        if (uri is not null) names.AddUri(new Uri(uri));
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
