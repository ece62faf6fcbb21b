using System.Net.Http.Headers;
using Granary.Gateway.Authentication;

namespace Granary.Benchmarks.Http;

/// <summary>ApiHost as it runs in production, with grains in its own process, a signing key of this run, and rate limits that are counted but high.</summary>
internal sealed class ApiHostProcess : IDisposable
{
    internal const string Path = "/rpc/calculator/bench/Multiply";
    internal const string Body = """{"a":7,"b":8}""";

    private readonly ChildProcess _process;
    private readonly TokenIssuer _issuer;

    private ApiHostProcess(ChildProcess process, int port, TokenIssuer issuer)
    {
        _process = process;
        _issuer = issuer;
        Port = port;
        Token = TokenFor("user");
    }

    internal ChildProcess Process => _process;

    internal int Port { get; }

    internal string Token { get; }

    internal string TokenFor(params string[] roles) => _issuer.Issue("bench", roles, TimeSpan.FromHours(1));

    /// <param name="settings">Beside its own.</param>
    internal static ApiHostProcess Start(params KeyValuePair<string, string>[] settings)
    {
        const string limit = "1000000000";
        var key = Guid.NewGuid().ToString() + Guid.NewGuid();
        var port = ChildProcess.FreePort();
        var process = ChildProcess.Host(
            "ApiHost",
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["Granary__Authentication__Key"] = key,
                ["Granary__RateLimits__Default__Tokens"] = limit,
                ["Granary__RateLimits__Default__Burst"] = limit,
                ["Granary__RateLimits__Policies__ingest__Tokens"] = limit,
                ["Granary__RateLimits__Policies__ingest__Burst"] = limit,
            }.Concat(settings),
            "--urls",
            $"http://127.0.0.1:{port}");
        return new ApiHostProcess(process, port, new TokenIssuer(new AuthenticationOptions { Key = key }));
    }

    /// <summary>Calls until the answer is 56.</summary>
    /// <exception cref="CannotMeasureException">The host ended, or answered something else.</exception>
    internal async Task FirstAnswerAsync()
    {
        using var client = new HttpClient { Timeout = Until.OneAsk, BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        await Until.AnswersAsync(_process, async () =>
        {
            using var content = new StringContent(Body, MediaTypeHeaderValue.Parse("application/json"));
            using var answer = await client.PostAsync(Path, content);
            var text = await answer.Content.ReadAsStringAsync();
            return text == "56" ? true : throw new CannotMeasureException($"ApiHost answered {(int)answer.StatusCode}: {text}");
        });
    }

    public void Dispose() => _process.Dispose();
}
