using System.Net;
using System.Text.Json;
using Granary.Redis.Tests.Support;
using Granary.Tests.Support;

namespace Granary.Tests;

/// <summary>What docs/observability.md follows: one call through three processes, an item whose state cannot be read, and the one id that leads from the answer to the spans and the log lines.</summary>
public sealed class FollowedTraceTests
{
    private const string Secret = "Granary:Engine:ClusterSecret=a secret of the cluster's processes";

    [Fact]
    public async Task One_id_joins_the_answer_the_spans_of_three_processes_and_the_log_lines_of_the_silos()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var collector = await OtlpCollector.StartAsync();
        string[] common = [$"Granary:Redis:ConnectionString={redis.Address}", Secret, "OTEL_BSP_SCHEDULE_DELAY=200", .. collector.Settings.Select(s => $"{s.Key}={s.Value}")];
        await using var first = HostProcess.Start("Silo", "Production", [.. common, "Granary:Telemetry:ServiceName=silo-1"]);
        await using var second = HostProcess.Start("Silo", "Production", [.. common, "Granary:Telemetry:ServiceName=silo-2"]);
        await first.AddressAsync();
        await second.AddressAsync();
        await using var host = HostProcess.Start("ApiHost", "Production", [.. common, Tokens.Setting, "Granary:Mode=Client"]);
        var address = await host.AddressAsync();
        var token = Tokens.For("user", "admin");
        await Until.HoldsAsync(async () => (await address.GetAsync("/admin/cluster", token)) is { Status: HttpStatusCode.OK } answer && answer.Json.GetProperty("silos").GetArrayLength() == 2, "both silos are known");

        string[] items = [.. Enumerable.Range(1, 8).Select(i => $"item-{i}")];
        foreach (var item in items) Assert.Equal(HttpStatusCode.OK, (await address.AskAsync(HttpMethod.Post, $"/rpc/inventory/{item}/Restock", token, """{"deliveryId":"d1","quantity":100,"unitPrice":2.5}""")).Status);

        // Something else has written where an item's state belongs.
        var keys = (await redis.SendAsync("KEYS", "granary:*:state:*/item-1")).Split("\r\n");
        await redis.SendAsync("SET", keys.Single(k => k.EndsWith("/item-1", StringComparison.Ordinal)).Replace("item-1", "broken", StringComparison.Ordinal), "garbage");

        // Where grains are placed is not certain; an order that needs nine of them on one silo only is rare, and several such do not happen.
        for (var order = 1; ; order++)
        {
            Assert.True(order <= 5, "no order was served by both silos");
            var lines = string.Join(',', items.Append("broken").Select(i => $$"""{"sku":"{{i}}","quantity":1}"""));
            var answer = await address.AskAsync(HttpMethod.Post, "/orders", token, $$"""{"orderId":"order-{{order}}","account":"tester","lines":[{{lines}}]}""");
            Assert.Equal("RESERVING", answer.Json.GetProperty("status").GetString()?.ToUpperInvariant());
            var trace = answer.Headers.GetValues("traceparent").Single().Split('-')[1];
            var spans = await SpansAsync(collector, trace);
            if (spans.Select(s => s.Service).Distinct().Count() < 3) continue;

            // Every span's parent is in the trace, whatever process made it, up to the gateway's request.
            var ids = spans.Select(s => s.SpanId).ToHashSet(StringComparer.Ordinal);
            var root = Assert.Single(spans, s => !ids.Contains(s.ParentId));
            Assert.Equal(("granary-apihost", "granary.samples.v1.Orders/Place"), (root.Service, root.Name));
            var failed = spans.Where(s => s.Status == 2).ToList();
            Assert.NotEmpty(failed);
            Assert.All(failed, s => Assert.EndsWith("IStockReservations/Reserve", s.Name, StringComparison.Ordinal));

            // The silo of the order says what became of it, in a line with the trace's id.
            string[] log = [];
            await Until.HoldsAsync(() => Task.FromResult((log = [.. first.Lines.Concat(second.Lines).Where(l => l.Contains(trace, StringComparison.Ordinal) && l.Contains("Reserving", StringComparison.Ordinal))]).Length > 0), "the line is logged");
            var turns = spans.Where(s => s is { Kind: 2, Service: not "granary-apihost" } && s.Name.EndsWith("IOrdersGrain/Place", StringComparison.Ordinal)).Select(s => s.SpanId);
            Assert.All(log.Select(l => JsonDocument.Parse(l).RootElement), line =>
            {
                Assert.Equal($"Order order-{order} stays Reserving; its reminder tries again.", line.GetProperty("message").GetString());
                Assert.Contains(line.GetProperty("spanId").GetString(), turns);
            });

            // What the cluster does for itself is in no trace.
            Assert.DoesNotContain(collector.Spans, s => s.Scope == "Microsoft.Orleans.Application" && s.Name.StartsWith("granary.", StringComparison.Ordinal));
            return;
        }
    }

    /// <summary>The spans of a trace, once all have come: one has no parent, those of all others are there, and every call that succeeded has the span of its turn.</summary>
    private static async Task<List<OtlpSpan>> SpansAsync(OtlpCollector collector, string trace)
    {
        List<OtlpSpan> spans = [];
        await Until.HoldsAsync(
            () =>
            {
                spans = [.. collector.Spans.Where(s => s.TraceId == trace)];
                var ids = spans.Select(s => s.SpanId).ToHashSet(StringComparer.Ordinal);
                return Task.FromResult(spans.Where(s => !ids.Contains(s.ParentId)).ToList() is [{ ParentId: "" }] && spans.Where(s => s is { Kind: 3, Status: not 2 }).All(c => spans.Any(s => s.ParentId == c.SpanId)));
            },
            "the trace is complete");
        return spans;
    }
}
