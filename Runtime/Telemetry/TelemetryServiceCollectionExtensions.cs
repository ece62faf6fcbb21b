using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Granary.Telemetry.Logs;
using Granary.Telemetry.Prometheus;
using Granary.Telemetry.Statistics;
using Granary.Telemetry.Traces;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Granary.Telemetry;

/// <summary>Adds metrics, traces and log formatting to a host.</summary>
public static class TelemetryServiceCollectionExtensions
{
    /// <summary>The paths of OTLP over HTTP; they also name the exporters' options.</summary>
    private const string MetricsPath = "v1/metrics", TracesPath = "v1/traces";

    // Named one by one: a pattern among them would make the SDK match every name with regular expressions.
    private static readonly string[] s_meters = [.. MetricSeries.Meters, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private static readonly string[] s_sources =
    [
        "Granary.Gateway", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Lifecycle", "Microsoft.Orleans.Storage", "Microsoft.AspNetCore",
    ];

    /// <summary>Bounds in seconds for latencies that name none: OpenTelemetry's, and finer ones below 5 ms, where calls inside one process end.</summary>
    private static readonly double[] s_secondBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>
    /// Collects metrics for <see cref="MetricsEndpointExtensions.MapGranaryMetrics"/> and, when a collector is configured, sends metrics and traces to it by OTLP;
    /// sets the form of the console's log lines, and keeps the last ones for who asks (<see cref="LogTail"/>). Further exporters and sources are added by OpenTelemetry's
    /// <c>ConfigureOpenTelemetryMeterProvider</c> and <c>ConfigureOpenTelemetryTracerProvider</c>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">The root of the configuration: <see cref="TelemetryOptions.Section"/> and <c>OTEL_*</c> are read from it.</param>
    /// <param name="serviceName">The default of <see cref="TelemetryOptions.ServiceName"/>.</param>
    public static IServiceCollection AddGranaryTelemetry(this IServiceCollection services, IConfiguration configuration, string serviceName)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(TelemetryOptions.Section);
        services.AddOptions<TelemetryOptions>().Configure(o => o.ServiceName = serviceName).Bind(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsValidation>());
        AddConsoleLog(services, section);

        // Without anybody to send them to, spans would be made for nothing.
        var sends = SendsOtlp(configuration, section);
        var telemetry = new Builder(services);
        services.TryAddSingleton<PrometheusExporter>();
        services.ConfigureOpenTelemetryMeterProvider(Configure);
        telemetry.WithMetrics(meters =>
        {
            if (sends) meters.AddOtlpExporter(MetricsPath, _ => { });
        });
        if (sends)
        {
            services.ConfigureOpenTelemetryTracerProvider(Configure);
            services.TryAddSingleton<TailKeepMetrics>();
            telemetry.WithTracing(tracers => tracers.AddProcessor(Export));
            services.AddOptions<OtlpExporterOptions>(MetricsPath).Configure<IOptions<TelemetryOptions>>((exporter, o) => Set(exporter, o.Value.Otlp, MetricsPath));
            services.AddOptions<OtlpExporterOptions>(TracesPath).Configure<IOptions<TelemetryOptions>>((exporter, o) => Set(exporter, o.Value.Otlp, TracesPath));
        }

        services.AddHostedService<TelemetryLifetime>();
        return services;
    }

    private static bool SendsOtlp(IConfiguration configuration, IConfigurationSection section) =>
        !string.IsNullOrEmpty(section["Otlp:Endpoint"]) || !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    private static void AddConsoleLog(IServiceCollection services, IConfigurationSection section)
    {
        services.AddSingleton<ConsoleFormatter, JsonLineFormatter>();
        services.TryAddSingleton(provider => new LogLevels(Clock(provider)));
        services.TryAddSingleton<LogLevelRules>();
        services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>>(provider => provider.GetRequiredService<LogLevelRules>());
        services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(provider => provider.GetRequiredService<LogLevelRules>());

        // Read here, since loggers are made before the options are checked; a wrong value ends the start there.
        var entries = int.TryParse(section[nameof(TelemetryOptions.LogTailEntries)], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && TelemetryOptionsValidation.IsLogTail(number) ? number : new TelemetryOptions().LogTailEntries;
        services.TryAddSingleton(provider => new ProcessLog(provider.GetRequiredService<LogTail>(), provider.GetRequiredService<LogLevels>()));
        services.TryAddSingleton(provider => new LogTail(entries, Clock(provider)));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, LogTailProvider>());
        if (string.Equals(section[nameof(TelemetryOptions.LogFormat)], nameof(ConsoleLogFormat.Json), StringComparison.OrdinalIgnoreCase))
        {
            services.Configure<ConsoleLoggerOptions>(o => o.FormatterName = JsonLineFormatter.FormatterName);
        }
    }

    private static TimeProvider Clock(IServiceProvider services) => services.GetService<TimeProvider>() ?? TimeProvider.System;

    private static void Configure(IServiceProvider services, MeterProviderBuilder meters)
    {
        var options = services.GetRequiredService<IOptions<TelemetryOptions>>().Value;
        meters
            .ConfigureResource(r => Describe(r, options))
            .AddMeter(s_meters)
            .AddMeter([.. options.Meters])
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddView(instrument => View(instrument, MetricSeries.Limit(instrument, options.MaxSeriesPerMetric)))
            .AddReader(new BaseExportingMetricReader(services.GetRequiredService<PrometheusExporter>()));
    }

    private static void Configure(IServiceProvider services, TracerProviderBuilder tracers)
    {
        var options = services.GetRequiredService<IOptions<TelemetryOptions>>().Value;
        tracers
            .ConfigureResource(r => Describe(r, options))
            .AddSource(s_sources)
            .AddSource([.. options.Sources])
            .SetSampler(Sampler(options));
    }

    private static Sampler Sampler(TelemetryOptions options)
    {
        var head = new ParentBasedSampler(new TraceIdRatioBasedSampler(options.SampleRatio));
        return options.TailKeep.Enabled ? new TailKeepSampler(head) : head;
    }

    private static BaseProcessor<Activity> Export(IServiceProvider services)
    {
        var exporter = services.GetRequiredService<IOptionsMonitor<OtlpExporterOptions>>().Get(TracesPath);
        var batch = exporter.BatchExportProcessorOptions;
        var export = new BatchActivityExportProcessor(new OtlpTraceExporter(exporter), batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, batch.MaxExportBatchSize);
        var tail = services.GetRequiredService<IOptions<TelemetryOptions>>().Value.TailKeep;
        return tail.Enabled ? new TailKeepProcessor(export, tail, services.GetRequiredService<TailKeepMetrics>()) : export;
    }

    private static void Describe(ResourceBuilder resource, TelemetryOptions options) =>
        resource.AddService(options.ServiceName, serviceVersion: ProductVersion.Text, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}");

    private static void Set(OtlpExporterOptions exporter, OtlpOptions options, string path)
    {
        if (options.Protocol is { } protocol) exporter.Protocol = protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (options.Headers is { } headers) exporter.Headers = headers;
        if (options.Endpoint is not { Length: > 0 } endpoint) return;

        // The exporter adds the signal's path only to an address from the environment.
        exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{endpoint.TrimEnd('/')}/{path}") : new Uri(endpoint);
    }

    private static MetricStreamConfiguration View(Instrument instrument, int maxSeries) =>
        instrument is Histogram<double> { Unit: "s" } histogram && histogram.Advice?.HistogramBucketBoundaries is null
            ? new ExplicitBucketHistogramConfiguration { Boundaries = s_secondBounds, CardinalityLimit = maxSeries }
            : new MetricStreamConfiguration { CardinalityLimit = maxSeries };

    private sealed class Builder(IServiceCollection services) : IOpenTelemetryBuilder
    {
        public IServiceCollection Services { get; } = services;
    }
}
