using System.Reflection;
using Granary.Redis.Tests.Support;

namespace Granary.Tests;

/// <summary>The metrics of a live cluster, judged by Prometheus itself.</summary>
public sealed class PrometheusTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Duration = "rpc_server_call_duration_seconds";

    [Fact]
    public async Task Prometheus_scrapes_a_cluster_and_answers_with_the_right_values_and_the_trace_behind_them()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] cluster = [$"Granary:Redis:ConnectionString={redis.Address}", "Granary:Engine:ClusterSecret=a secret of the cluster's processes"];
        await using var silo = HostProcess.Start("Silo", "Production", cluster);
        var siloAddress = await silo.AddressAsync();
        await using var host = HostProcess.Start("ApiHost", "Production", [.. cluster, Tokens.Setting, "Granary:Mode=Client"]);
        var address = await host.AddressAsync();
        var token = Tokens.For("user");
        await Until.HoldsAsync(async () => (await address.MultiplyAsync(token)).Body == "56", "the silo answers");
        for (var i = 0; i < 7; i++) await address.GetAsync("/rpc/calculator/a/Divide?a=1&b=0", token);
        await address.GetAsync("/rpc/calculator/a/Divide?a=6&b=3", token, ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"));
        await address.AskAsync(HttpMethod.Post, "/rpc/users/ada/Register", token, """{"displayName":"Ada","email":"ada@example.com"}""");

        await using (var prometheus = await PrometheusServer.StartAsync(("silo", siloAddress, null), ("apihost", address, Tokens.For("admin"))))
        {
            const string divide = """rpc_method=~".*/Divide",job="apihost" """;
            await Until.HoldsAsync(async () => (await prometheus.QueryAsync("sum(up)")) is [{ Value: 2 }], "both processes are up");
            Assert.Equal([7], await ValuesAsync($$"""sum({{Duration}}_count{ {{divide}},rpc_response_status_code="INVALID_ARGUMENT"})"""));
            Assert.Equal([1], await ValuesAsync($$"""sum({{Duration}}_count{ {{divide}},rpc_response_status_code="OK"})"""));
            Assert.Contains(await ValuesAsync($$"""histogram_quantile(0.99, sum by (le) ({{Duration}}_bucket{ {{divide}} }))"""), v => v is > 0 and <= 10);
            Assert.Contains(await prometheus.ExemplarsAsync($$"""{{Duration}}_bucket{ {{divide}} }"""), e => e.GetProperty("trace_id").GetString() == Trace);
            Assert.Equal([1], await ValuesAsync("""granary_membership_silos{job="silo",granary_status="active"}"""));
            Assert.Contains(await ValuesAsync("""granary_membership_lease_age_seconds{job="silo"}"""), v => v is >= 0 and < 10);
            Assert.Contains(await ValuesAsync("""sum(orleans_catalog_activation_created_total{job="silo"})"""), v => v >= 1);
            Assert.Contains(await ValuesAsync("""sum(orleans_storage_write_latency_seconds_count{job="silo"})"""), v => v >= 1);
            Assert.Equal(["granary-apihost", "granary-silo"], (await prometheus.QueryAsync("target_info")).Select(s => s.Labels.GetProperty("service_name").GetString()).Order(StringComparer.Ordinal));

            async Task<IEnumerable<double>> ValuesAsync(string query) => (await prometheus.QueryAsync(query)).Select(s => s.Value);
        }

        await AcceptsAsync((await siloAddress.GetAsync("/metrics")).Body);
        await AcceptsAsync((await address.GetAsync("/metrics", Tokens.For("admin"))).Body);
    }

    /// <summary>promtool has nothing to say of names that are ours, and each of those is on the page with its kind and labels.</summary>
    private static async Task AcceptsAsync(string text)
    {
        var (_, said) = await PrometheusServer.ToolAsync(text, "check", "metrics");
        Assert.DoesNotContain("error while linting", said, StringComparison.Ordinal);
        Assert.All(said.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.True(line.StartsWith("dotnet_", StringComparison.Ordinal), line));

        var root = typeof(PrometheusTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;
        var page = MetricRow.Read(Path.Combine(root, "docs/observability.md")).ToDictionary(r => r.InPrometheus, StringComparer.Ordinal);
        string[] ours = ["Granary.", "Microsoft.Orleans"];
        List<string> wrong = [];
        foreach (var family in Exposition.Parse(text, openMetrics: false).Values)
        {
            foreach (var sample in family.Samples)
            {
                if (!sample.Labels.TryGetValue("otel_scope_name", out var scope) || !ours.Any(o => scope.StartsWith(o, StringComparison.Ordinal))) continue;
                if (!page.TryGetValue(family.Name, out var row)) wrong.Add($"{family.Name} is not on the page");
                else if (row.Kind != family.Type) wrong.Add($"{family.Name} is a {family.Type}");
                else wrong.AddRange(sample.Labels.Keys.Where(l => l is not ("otel_scope_name" or "le") && !row.Labels.Contains(l)).Select(l => $"{family.Name} has the label {l}"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct()));
    }
}
