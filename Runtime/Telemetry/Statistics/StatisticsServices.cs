using Granary.Rpc.Cluster;
using Granary.Statistics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Hosting;

namespace Granary.Telemetry.Statistics;

/// <summary>Adds the counting of calls to a silo.</summary>
public static class StatisticsServices
{
    /// <summary>Counts and times the calls that the silo of this process runs (<see cref="StatisticsOptions"/>). Log levels that were set for all processes hold in it too.
    /// Call it after the engine has been added.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="configuration">The root of the configuration.</param>
    public static IServiceCollection AddGranaryStatistics(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(StatisticsOptions.Section);
        services.AddOptions<StatisticsOptions>().Bind(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StatisticsOptions>, Validation>());
        services.AddPlacementDirector<KeyedSiloPlacement, KeyedSiloDirector>();
        services.AddHostedService<LateOrders>();
        if (section.GetValue(nameof(StatisticsOptions.Enabled), true) is false) return services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(s => new CallRecorder(s.GetRequiredService<IOptions<StatisticsOptions>>().Value, s.GetRequiredService<TimeProvider>()));
        if (!services.Any(s => s.ServiceType == typeof(ISiloInspector))) services.AddSingleton<IIncomingGrainCallFilter, RecordingFilter>();
        return services;
    }

    private sealed class Validation : IValidateOptions<StatisticsOptions>
    {
        public ValidateOptionsResult Validate(string? name, StatisticsOptions options) =>
            options.Faults() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
