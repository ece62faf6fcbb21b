using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Admission;
using Granary.Gateway.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Granary.Gateway.Tests.Support;

/// <summary>A gateway on a real socket, with objects in the place of grains. Disposing it fails the test when something unexpected was logged.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Key = "a key of the tests that is long enough";

    private readonly WebApplication _app;

    private GatewayHost(WebApplication app, LogSink log, Grains grains)
    {
        _app = app;
        Log = log;
        Grains = grains;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        if (app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.Authentication.Key is not null)
            Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token("alice", "user"));
        Anonymous = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Address { get; }

    public LogSink Log { get; }

    public Grains Grains { get; }

    /// <summary>Sends the token of alice, a user.</summary>
    public HttpClient Client { get; }

    /// <summary>Sends no token.</summary>
    public HttpClient Anonymous { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<GatewayHost> StartAsync(Action<GatewayOptions>? configure = null, Action<IServiceCollection>? services = null, Action<WebApplication>? app = null, HttpProtocols? protocols = null, X509Certificate2? certificate = null, Action<KestrelServerOptions>? listen = null, IMultiplexedConnectionListenerFactory? quic = null, string? expect = null)
    {
        var log = new LogSink();
        if (expect is not null) log.Expect(expect);
        var grains = new Grains();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        if (quic is not null) builder.Services.AddSingleton(quic);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseOnePort().ConfigureKestrel(listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            if (protocols is { } only) endpoint.Protocols = only;
            if (certificate is not null) endpoint.UseHttps(certificate);
        })));
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton<IGrainFactory>(grains);
        builder.Services.AddGranaryGateway(options =>
        {
            options.Authentication.Key = Key;
            options.RateLimits.Policies["few"] = new RateLimitPolicy { Tokens = 1, Period = TimeSpan.FromHours(1), Burst = 3 };

            // Tests run on machines that have too much to do.
            options.Shedding.Enabled = false;
            configure?.Invoke(options);
        });
        builder.Services.AddAuthorizationBuilder().AddPolicy("tenant-a", policy => policy.RequireClaim("tenant", "a")).AddPolicy("admin", policy => policy.RequireRole("admin"));
        services?.Invoke(builder.Services);
        var host = builder.Build();
        host.UseGranaryGateway();
        host.MapGranary();
        app?.Invoke(host);
        await host.StartAsync();
        return new GatewayHost(host, log, grains);
    }

    public string Token(string subject, params string[] roles) => Services.GetRequiredService<TokenIssuer>().Issue(subject, roles, TimeSpan.FromHours(1));

    public HttpClient As(string token)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, HttpClient? client = null) =>
        (client ?? Client).PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Anonymous.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Log.Verify();
    }
}

/// <summary>What tests ask of answers.</summary>
internal static class Answers
{
    public static async Task<string> OkAsync(this Task<HttpResponseMessage> sending, int status = 200)
    {
        using var response = await sending;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return text;
    }

    public static async Task<Problem> ProblemAsync(this Task<HttpResponseMessage> sending, int status, string code)
    {
        using var response = await sending;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(text);
        var problem = Problem.Of(json.RootElement, text, response);
        Assert.Equal(code, problem.Code);
        Assert.Equal(status, json.RootElement.GetProperty("status").GetInt32());
        Assert.Matches("^[0-9a-f]{32}$", problem.TraceId);
        return problem;
    }
}

internal sealed record Problem(string Code, string Detail, string TraceId, IReadOnlyList<(string Field, string Message)> Errors, string Text, HttpResponseMessage Response)
{
    public static Problem Of(JsonElement json, string text, HttpResponseMessage response) => new(
        json.GetProperty("code").GetString()!, json.GetProperty("detail").GetString()!, json.GetProperty("traceId").GetString()!,
        json.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateArray().Select(e => (e.GetProperty("field").GetString()!, e.GetProperty("message").GetString()!))] : [],
        text, response);
}
