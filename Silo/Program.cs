using Granary.Hosting;
using Granary.Silo;
using Granary.Telemetry;
using Granary.Telemetry.Prometheus;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Orleans.Hosting;

return await Start.RunAsync(() =>
{
    // Settings stand beside the program, wherever it is called from.
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    builder.Logging.LeaveStartErrorsToUs();
    builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    var settings = SiloSettings.Read(builder.Configuration);
    builder.Services.AddGranaryTelemetry(builder.Configuration, "granary-silo");
    builder.Services.AddHealthChecks().AddCheck<SiloHealth>("silo");
    builder.Host.UseOrleans(silo => silo
        .UseLocalhostClustering(settings.SiloPort, settings.GatewayPort, null, settings.ServiceId, settings.ClusterId)
        .AddMemoryGrainStorageAsDefault()
        .UseInMemoryReminderService());

    // For those who run the silo, and inside the cluster's network: calls come through ApiHost.
    var app = builder.Build();
    app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false });
    app.MapHealthChecks("/readyz");
    app.MapGranaryMetrics();
    return app;
});
