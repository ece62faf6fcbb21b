using System.Net;

namespace Granary.Tests;

/// <summary>ApiHost in front of a silo of its own process: only configuration differs.</summary>
public sealed class ClientModeTests
{
    [Fact]
    public async Task Calls_go_to_the_silo_and_readiness_follows_it()
    {
        var (siloPort, gatewayPort) = (Ports.Free(), Ports.Free());
        await using var silo = HostProcess.Start("Silo", "Production", $"Granary:Cluster:SiloPort={siloPort}", $"Granary:Cluster:GatewayPort={gatewayPort}");
        var siloAddress = await silo.AddressAsync();
        await using var host = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:Mode=Client", $"Granary:Cluster:Gateways:0=127.0.0.1:{gatewayPort}");
        var address = await host.AddressAsync();

        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        Assert.Equal(HttpStatusCode.OK, (await siloAddress.GetAsync("/readyz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await address.GetAsync("/readyz")).Status);
        var grain = await address.GetAsync("/admin/grains/calculator/a", Tokens.For("admin"));
        Assert.StartsWith($"127.0.0.1:{siloPort}@", grain.Json.GetProperty("silo").GetString(), StringComparison.Ordinal);
        var families = Exposition.Parse((await siloAddress.GetAsync("/metrics")).Body, openMetrics: false);
        Assert.Equal("granary-silo", families["target_info"].Samples.Single().Labels["service_name"]);
        Assert.True(families["orleans_catalog_activation_created_total"].Samples.Sum(s => s.Value) >= 1);

        silo.Kill();
        await silo.ExitAsync();

        // Whether the tries or the three seconds end first: the call was never delivered, and its caller is told so.
        Assert.Equal("UNAVAILABLE", (await address.MultiplyAsync(Tokens.For("user"))).Code);
        Assert.Equal("UNAVAILABLE", (await address.MultiplyAsync(Tokens.For("user"), ("Request-Timeout", "1"))).Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await address.GetAsync("/readyz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await address.GetAsync("/healthz")).Status);
    }
}
