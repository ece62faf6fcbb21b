using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Tests;

/// <summary>One id from the caller through the gateway to the grain.</summary>
public sealed class TracingTests
{
    [Fact]
    public async Task The_trace_of_a_call_goes_on_from_its_caller_through_the_gateway_to_the_grain()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var spans = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/traces", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            spans.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync();

        await using var host = HostProcess.Start(
            "ApiHost", "Production", Tokens.Setting, $"Granary:Telemetry:Otlp:Endpoint={collector.Urls.Single()}", "Granary:Telemetry:Otlp:Protocol=http/protobuf");
        var address = await host.AddressAsync();
        var answer = await address.MultiplyAsync(Tokens.For("user"), ("traceparent", $"00-{trace}-b7ad6b7169203331-01"));
        Assert.Contains(trace, Assert.Single(answer.Headers.GetValues("traceparent")), StringComparison.Ordinal);
        var refused = await address.MultiplyAsync(null, ("traceparent", $"00-{trace}-b7ad6b7169203331-01"));
        Assert.Equal(trace, refused.Json.GetProperty("traceId").GetString());

        // Stopping sends what has not been sent.
        host.Terminate();
        Assert.Equal(0, await host.ExitAsync());

        var sent = string.Concat(spans);
        var id = Encoding.Latin1.GetString(Convert.FromHexString(trace));
        Assert.True(sent.Split(id).Length - 1 >= 3, string.Create(CultureInfo.InvariantCulture, $"spans of the trace: {sent.Split(id).Length - 1}"));
        Assert.Contains("Microsoft.AspNetCore", sent, StringComparison.Ordinal);
        Assert.Contains("Microsoft.Orleans.Application", sent, StringComparison.Ordinal);
        Assert.Contains("granary-apihost", sent, StringComparison.Ordinal);
    }
}
