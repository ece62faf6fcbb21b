using System.Net;
using Granary.Gateway;
using Granary.Hosting;
using Granary.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Benchmarks.Overload;

/// <summary>Grains that work for as long as they are told.</summary>
[RpcService("busy", Package = "granary.benchmarks")]
public interface IBusyGrain : IGrainWithIntegerKey
{
    /// <summary>Keeps a core busy.</summary>
    /// <param name="turns">Of <c>CpuLoop</c>, about a nanosecond each.</param>
    [RpcAllowAnonymous]
    Task<int> Work(int turns);
}

/// <inheritdoc/>
public sealed class BusyGrain : Grain, IBusyGrain
{
    /// <inheritdoc/>
    public Task<int> Work(int turns) => Task.FromResult((int)(CpuLoop.Spin(Math.Clamp(turns, 1, 1_000_000_000)) & 1));
}

/// <summary>A gateway with such grains in its process, protected against overload or not.</summary>
internal static class BusyHost
{
    internal const string Role = "--busy-host";

    internal static async Task RunAsync(int port, bool isProtected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseOnePort().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddGranaryGateway(options =>
        {
            options.Authentication.Key = Guid.NewGuid().ToString() + Guid.NewGuid();
            options.RateLimits.Enabled = false;
            options.Breakers.Enabled = isProtected;
            options.Shedding.Enabled = isProtected;
        });
        builder.Host.UseOrleans(silo =>
        {
            if (!isProtected) silo.Services.Configure<EngineOptions>(o => o.OverloadQueueDelay = TimeSpan.Zero);
        });
        await using var app = builder.Build();
        app.UseGranaryGateway();
        await app.RunAsync();
    }
}
