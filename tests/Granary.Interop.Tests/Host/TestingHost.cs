using System.Net;
using Granary.Gateway;
using Granary.Gateway.Admission;
using Granary.Gateway.Authentication;
using Granary.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace Granary.Interop.Tests.Host;

/// <summary>A gateway and a silo on a port of their own, for clients that others wrote.</summary>
public sealed class TestingHost : IAsyncLifetime
{
    private WebApplication? _app;

    /// <summary>Host and port.</summary>
    public string Address { get; private set; } = "";

    public string Token { get; private set; } = "";

    public IServiceProvider Services => _app!.Services;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.WebHost.UseKestrelCore().UseOnePort().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRpcFilter, EchoFilter>();
        builder.Services.AddGranaryGateway(options =>
        {
            options.Authentication.Key = "a key of the tests that is long enough";
            options.Limits.BodyBytes = 8 * 1024 * 1024;
            options.RateLimits.Default = new RateLimitPolicy { Tokens = 1_000_000, Period = TimeSpan.FromSeconds(1) };
            foreach (var policy in (string[])["ingest", "writes"]) options.RateLimits.Policies[policy] = options.RateLimits.Default;
            options.Connections.Streams = 2000;

            // Ten thousand calls at a time are to be answered, not shed.
            options.Shedding.Enabled = false;
            options.Deadlines.Default = TimeSpan.FromMinutes(1);
            options.Cors.Origins.Add("*");
        });
        builder.Services.AddHealthChecks();

        // A busy machine is no reason to fail.
        builder.Host.UseOrleans(silo => silo.Configure<EngineOptions>(o => o.OverloadQueueDelay = TimeSpan.Zero));
        _app = builder.Build();
        _app.UseGranaryGateway();
        _app.MapGranary();
        await _app.StartAsync();
        Address = new Uri(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;
        Token = Services.GetRequiredService<TokenIssuer>().Issue("interop", ["user"], TimeSpan.FromHours(1));
    }

    public async Task DisposeAsync()
    {
        if (_app is null) return;
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
