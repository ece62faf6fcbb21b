using Granary.Hosting;
using Granary.Hosting.Cluster;
using Granary.Hosting.Settings;
using Granary.Silo;
using Granary.Statistics;
using Granary.Telemetry;
using Granary.Telemetry.Prometheus;
using Granary.Telemetry.Statistics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

return await Start.RunAsync(args, arguments =>
{
    // Settings stand beside the program, wherever it is called from.
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
    builder.Logging.LeaveStartErrorsToUs();
    builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    builder.AddSettingsSources();
    var settings = StartSettings.Read(builder, (TelemetryOptions.Section, typeof(TelemetryOptions)), (StatisticsOptions.Section, typeof(StatisticsOptions)));
    builder.Services.AddGranaryTelemetry(builder.Configuration, "granary-silo");
    builder.Services.AddHealthChecks().AddCheck<SiloHealth>("silo");
    var cluster = settings.Cluster(ProcessKind.Silo);
    builder.Host.UseOrleans(silo => silo.UseCluster(cluster));
    builder.Services.AddGranaryStatistics(builder.Configuration);
    builder.Services.AddGracefulStop(settings);

    // For those who run the silo, and inside the cluster's network: calls come through ApiHost.
    var app = settings.Build();
    app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false });
    app.MapHealthChecks("/readyz");
    app.MapStartupProbe(_ => true);
    app.MapGranaryMetrics();
    return app;
});
