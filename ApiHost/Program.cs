using Granary.ApiHost.Hosting;
using Granary.Gateway;
using Granary.Hosting;
using Granary.Telemetry;

return await Start.RunAsync(() =>
{
    // Settings stand beside the program, wherever it is called from.
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    builder.WebHost.UseKestrelHttpsConfiguration();
    builder.Logging.LeaveStartErrorsToUs();
    builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    builder.AddDevelopmentKey();

    var options = ApiHostOptions.Read(builder.Configuration);
    builder.Services.AddGranaryTelemetry(builder.Configuration, "granary-apihost");
    builder.Services.AddGranaryGateway(builder.Configuration.GetSection(ApiHostOptions.Section));
    builder.Services.AddAdmin();
    builder.AddGrains(options);

    var app = builder.Build();
    app.UseGranaryGateway();
    app.MapGranary();
    app.MapAdmin(options);
    app.PrintStartMessage();
    return app;
});
