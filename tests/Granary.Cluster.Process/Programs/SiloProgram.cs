using System.Net;
using Granary.Cluster.Witnessing;
using Granary.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Cluster.Programs;

/// <summary>A silo of the cluster that is watched. It says when it is ready, and its exit code says how it ended.</summary>
internal static class SiloProgram
{
    internal const string Role = "silo";
    internal const string Ready = "ready ";

    internal static async Task<int> RunAsync(string[] arguments)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { Args = arguments });
        builder.Configuration.AddCommandLine(arguments);
        var settings = new SiloProgramSettings();
        builder.Configuration.GetSection("Silo").Bind(settings);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        using var witness = settings.Witness is null ? Witness.Nobody : await Witness.ConnectAsync(settings.Witness);
        builder.Services.AddSingleton(witness);
        // The stop is bounded by the silo's own DrainTimeout; the host must not be the more impatient of the two.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.UseOrleans(silo => Configure(silo, settings));
        using var app = builder.Build();
        await app.StartAsync();
        Console.WriteLine(Ready + app.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString());
        await app.WaitForShutdownAsync();
        return Environment.ExitCode;
    }

    private static void Configure(ISiloBuilder silo, SiloProgramSettings settings)
    {
        silo.Services.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = settings.Cluster;
            cluster.ServiceId = settings.Cluster;
        });
        silo.Services.Configure<SiloOptions>(options => options.SiloName = settings.Name);
        silo.Services.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = IPAddress.Parse(settings.Address);
            endpoint.SiloPort = settings.Port;
            endpoint.GatewayPort = 0;
            endpoint.SiloListeningEndpoint = new IPEndPoint(IPAddress.Parse(settings.Listen), settings.Port);
        });
        silo.Services.Configure<EngineOptions>(engine =>
        {
            engine.Listen = true;
            engine.OverloadQueueDelay = TimeSpan.Zero; // a busy machine is no reason to refuse a call
        });
        silo.Services.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(settings.ResponseTimeoutSeconds));
        silo.UseRedisClustering(settings.Redis);
        silo.AddRedisGrainStorageAsDefault(storage => storage.ConfigurationOptions = RedisConfiguration.Parse(settings.Storage));
    }
}

/// <summary>What the tests tell a silo.</summary>
internal sealed class SiloProgramSettings
{
    public string Cluster { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>Where others reach it.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Where it listens.</summary>
    public string Listen { get; set; } = "127.0.0.1";

    public int Port { get; set; }

    /// <summary>The Redis of membership and directory.</summary>
    public string Redis { get; set; } = "";

    /// <summary>The Redis of grain state.</summary>
    public string Storage { get; set; } = "";

    /// <summary>The Redis of the witness; none for measurements.</summary>
    public string? Witness { get; set; }

    public int ResponseTimeoutSeconds { get; set; } = 10;
}
