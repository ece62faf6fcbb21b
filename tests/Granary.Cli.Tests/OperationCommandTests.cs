using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Granary.Tests;

namespace Granary.Cli.Tests;

/// <summary>Tokens, measuring and watching.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class OperationCommandTests(DevelopmentHost host)
{
    private const string Key = "a key of the tests that is long enough";

    [Fact]
    public async Task A_development_host_issues_tokens_that_work()
    {
        var token = (await Tool.RunAsync(host, "token", "--subject", "cli", "--role", "user")).Of(0).Trim();
        Assert.Equal("cli", Claims(token).GetProperty("sub").GetString());
        Assert.Equal("2\n", (await Tool.RunAsync(null, "call", "calculator", "a", "Multiply", "a=1", "b=2", "-t", token, "-u", host.Address.ToString())).Of(0));
        (await Tool.RunAsync(null, "top", "-t", token, "-u", host.Address.ToString())).Of(1);
        (await Tool.RunAsync(host, "token", "--role", "emperor")).Of(1);
        (await Tool.RunAsync(host, "token", "--scope", "x")).Of(2);
    }

    [Fact]
    public async Task With_a_key_tokens_are_signed_here()
    {
        await using var tool = Tool.Start(null, ["GRANARY_KEY=" + Key], "token", "-s", "ada", "-r", "admin", "-r", "user", "--scope", "parcels.read", "--tenant", "blue", "-l", "2h");
        var claims = Claims((await tool.EndAsync()).Of(0).Trim());
        Assert.Equal(("granary", "granary", "ada", "blue", "parcels.read"), (Text("iss"), Text("aud"), Text("sub"), Text("tenant"), Text("scope")));
        Assert.Equal(["admin", "user"], claims.GetProperty("roles").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal(7200, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());

        await using var other = HostProcess.Start("ApiHost", "Production", "Granary:Authentication:Key=" + Key);
        var address = (await other.AddressAsync()).ToString();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Key + "\n");
        try
        {
            var token = (await Tool.RunAsync(null, "token", "-k", file)).Of(0).Trim();
            Assert.Equal("2\n", (await Tool.RunAsync(null, "call", "calculator", "a", "Multiply", "a=1", "b=2", "-t", token, "-u", address)).Of(0));
        }
        finally
        {
            File.Delete(file);
        }

        // Nobody gives tokens away in production.
        (await Tool.RunAsync(null, "token", "-u", address)).Of(1);
        await using var weak = Tool.Start(null, ["GRANARY_KEY=short"], "token");
        var refused = await weak.EndAsync();
        refused.Of(2);
        Assert.DoesNotContain("'short'", refused.Errors, StringComparison.Ordinal);

        string? Text(string name) => claims.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Bench_counts_calls_latency_errors_and_silos()
    {
        var json = (await Tool.RunAsync(host, "bench", "calculator", "bench-{i}", "Multiply", """{"a":{i},"b":2}""", "-d", "2s", "-w", "200ms", "-c", "4", "-r", "100", "-k", "50", "--json")).Of(0);
        using var report = JsonDocument.Parse(json);
        var root = report.RootElement;
        Assert.InRange(root.GetProperty("calls").GetInt32(), 100, 200);
        Assert.Equal(0, root.GetProperty("failed").GetInt32());
        var latency = root.GetProperty("latencyMs");
        Assert.InRange(latency.GetProperty("p50").GetDouble(), 0.001, latency.GetProperty("p99").GetDouble());
        Assert.InRange(latency.GetProperty("p99").GetDouble(), 0, latency.GetProperty("max").GetDouble());
        Assert.Equal(1, root.GetProperty("silos").EnumerateObject().Single().Value.GetDouble());
    }

    [Fact]
    public async Task Bench_tells_failures_by_code_and_exits_with_1_when_nothing_went_well()
    {
        var text = (await Tool.RunAsync(host, "bench", "calculator", "a", "Divide", "a=1", "b=0", "-d", "500ms", "-w", "0", "-c", "2", "-r", "50", "--http2")).Of(1);
        Assert.Matches("failed +[0-9]+: INVALID_ARGUMENT", text);
        Assert.Contains("HTTP/2", text, StringComparison.Ordinal);
        Assert.Contains("well     0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_bench_reports_what_there_was()
    {
        await using var tool = Tool.Start(host, [], "bench", "calculator", "interrupted", "Multiply", "a=1", "b=2", "-d", "10m", "-w", "0", "-r", "20");

        // Until the grain has been called for a while.
        using var client = new HttpClient { BaseAddress = host.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", host.Token);
        for (var tries = 0; !IsUsed(await client.GetStringAsync("admin/grains/calculator/interrupted")); tries++)
        {
            Assert.True(tries < 300, "It was not called.");
            await Task.Delay(100);
        }

        tool.Interrupt();
        var ended = await tool.EndAsync();
        Assert.Matches("well +[1-9]", ended.Of(130));

        static bool IsUsed(string grain)
        {
            using var json = JsonDocument.Parse(grain);
            return json.RootElement.TryGetProperty("lastUsed", out var last) && last.GetDateTimeOffset() > json.RootElement.GetProperty("since").GetDateTimeOffset();
        }
    }

    [Fact]
    public async Task Top_shows_silos_and_grains()
    {
        (await Tool.RunAsync(host, "call", "calculator", "top", "Multiply", "a=1", "b=2")).Of(0);
        var text = (await Tool.RunAsync(host, "top")).Of(0);
        Assert.Matches(@"127\.0\.0\.1:\d+@\d+ .*Active", text);
        Assert.Matches(@"CalculatorGrain +[1-9]", text);
    }

    private static JsonElement Claims(string token) => JsonDocument.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1]))).RootElement;
}
