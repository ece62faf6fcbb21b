using Granary.Cluster.Releases;
using Granary.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

// The silo of this release, or those who call it: 'silo' or 'callers', then --Redis=.. --Cluster=.. and what ReleaseSettings has.
var role = args.FirstOrDefault() ?? "";
var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { Args = args[1..] });
builder.Configuration.AddCommandLine(args[1..]);
var settings = new ReleaseSettings();
builder.Configuration.Bind(settings);
builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
switch (role)
{
    case "silo":
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.Cluster, settings.Cluster))
            .Configure<EngineOptions>(options => options.OverloadQueueDelay = TimeSpan.Zero) // a busy machine is no reason to refuse a call
            .Configure<SiloMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout)
            .ConfigureEndpoints(System.Net.IPAddress.Loopback, siloPort: 0, gatewayPort: 0)
            .UseRedisClustering(settings.Redis)
            .AddRedisGrainStorageAsDefault());
        break;
    case "callers":
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.Cluster, settings.Cluster))
            .Configure<ClientMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout)
            .UseRedisClustering(settings.Redis));
        builder.Services.AddSingleton(settings).AddSingleton<Callers>();
        break;
    default:
        await Console.Error.WriteLineAsync("Write 'silo' or 'callers' and their settings.");
        return 2;
}

using var app = builder.Build();
await app.StartAsync();
Console.WriteLine("ready");
if (app.Services.GetService<Callers>() is { } callers) await callers.RunAsync(app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
await app.WaitForShutdownAsync();
return Environment.ExitCode;
