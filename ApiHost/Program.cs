using Granary.ApiHost.Cluster;
using Granary.ApiHost.Dashboard;
using Granary.ApiHost.Dashboard.Feed;
using Granary.ApiHost.Discovery;
using Granary.ApiHost.Hosting;
using Granary.Gateway;
using Granary.Gateway.Redis;
using Granary.Hosting;
using Granary.Hosting.Cluster;
using Granary.Hosting.Settings;
using Granary.Statistics;
using Granary.Telemetry;
using Granary.Telemetry.Statistics;

return await Start.RunAsync(args, arguments =>
{
    // Settings stand beside the program, wherever it is called from.
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
    builder.WebHost.UseKestrelHttpsConfiguration();
    builder.Logging.LeaveStartErrorsToUs();
    builder.WebHost.UseOnePort();
    builder.AddSettingsSources();
    builder.AddDevelopmentKey();

    var settings = StartSettings.Read(
        builder,
        (ApiHostOptions.Section, typeof(ApiHostOptions)),
        (ApiHostOptions.Section, typeof(GatewayOptions)),
        (DiscoveryOptions.Section, typeof(DiscoveryOptions)),
        (FeedOptions.Section, typeof(FeedOptions)),
        (StatisticsOptions.Section, typeof(StatisticsOptions)),
        (TelemetryOptions.Section, typeof(TelemetryOptions)));
    var options = builder.Configuration.GetSection(ApiHostOptions.Section).Get<ApiHostOptions>() ?? new ApiHostOptions();
    builder.Services.AddGranaryTelemetry(builder.Configuration, "granary-apihost");
    builder.Services.AddGranaryGateway(builder.Configuration.GetSection(ApiHostOptions.Section));
    builder.Services.AddAdmin();
    builder.Services.AddDiscovery(builder.Configuration);
    builder.Services.AddDashboardFeed(builder.Configuration);

    // A silo in this process, or a client of a cluster.
    var cluster = settings.Cluster(options.Mode == HostMode.Client ? ProcessKind.Client : ProcessKind.EmbeddedSilo);
    if (options.Mode == HostMode.Client) builder.Host.UseOrleansClient(client => client.UseCluster(cluster));
    else builder.Host.UseOrleans(silo => silo.UseCluster(cluster));
    if (cluster.Redis is { } redis) builder.Services.AddGatewayRedis(redis, cluster.ServiceId);
    builder.Services.AddClusterKnowledge();
    if (options.Mode == HostMode.Embedded) builder.Services.AddGranaryStatistics(builder.Configuration);
    builder.Services.AddGracefulStop(settings);

    var app = settings.Build();
    app.UseGranaryGateway();
    app.MapGranary();
    app.MapStartupProbe(check => check.Tags.Contains(GatewayPipeline.ReadyTag));
    app.MapAdmin(options);
    app.MapDashboardPage();
    app.PrintStartMessage();
    return app;
});
