
namespace Granary.Tests;

/// <summary>What a scraper gets from a host that has served calls.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class MetricsEndpointTests(DevelopmentHost host)
{
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5";

    [Fact]
    public async Task Calls_grains_and_the_runtime_are_in_text_that_a_strict_reader_accepts()
    {
        await host.Address.MultiplyAsync(host.Token);
        await host.Address.GetAsync("/rpc/calculator/a/Divide?a=1&b=0", host.Token);

        var answer = await host.Address.GetAsync("/metrics");
        var families = Exposition.Parse(answer.Body, openMetrics: false);

        var counts = families["rpc_server_call_duration_seconds"].Samples.Where(s => s.Name.EndsWith("_count", StringComparison.Ordinal)).ToList();
        Assert.Contains(counts, s => s.Labels["rpc_method"].Contains("Multiply", StringComparison.Ordinal) && s.Labels["rpc_response_status_code"] == "OK" && s.Value >= 1);
        Assert.Contains(counts, s => s.Labels["rpc_method"].Contains("Divide", StringComparison.Ordinal) && s.Labels["rpc_response_status_code"] == "INVALID_ARGUMENT");
        Assert.True(families["orleans_catalog_activation_created_total"].Samples.Sum(s => s.Value) >= 1);
        Assert.Contains("dotnet_gc_collections_total", families.Keys);
        Assert.Equal("granary-apihost", families["target_info"].Samples.Single().Labels["service_name"]);
    }

    [Fact]
    public async Task An_exemplar_leads_from_the_histogram_to_the_trace_of_a_sampled_call()
    {
        const string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await host.Address.MultiplyAsync(host.Token, ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));

        var answer = await host.Address.GetAsync("/metrics", null, ("Accept", OpenMetrics));
        Assert.StartsWith("application/openmetrics-text", answer.ContentHeaders.ContentType!.ToString(), StringComparison.Ordinal);
        var families = Exposition.Parse(answer.Body, openMetrics: true);

        Assert.Contains(families["rpc_server_call_duration_seconds"].Samples, s => s.Exemplar?.Labels["trace_id"] == trace);
    }
}
