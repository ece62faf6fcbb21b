using Granary.Engine.Directory;
using Granary.Engine.Management;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Granary.Engine.Storage;
using Granary.Engine.Timers;
using Granary.Hosting;
using Granary.Rpc.Catalog;
using Granary.Rpc.Cluster;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.GrainDirectory;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Statistics;
using Orleans.Timers;

namespace Granary.Engine.Hosting;

/// <summary>The services of a silo.</summary>
internal static class SiloServices
{
    /// <summary>Adds them, once, and gives the builder that configures them further.</summary>
    internal static ISiloBuilder Add(IServiceCollection services, IConfiguration configuration)
    {
        var builder = new SiloBuilder(services, configuration);
        if (services.Any(s => s.ServiceType == typeof(SiloCore))) return builder;
        ClientServices.RefuseBoth(services, typeof(ClientCore));

        services.AddOptions();
        services.AddLogging();
        ProcessServices.AddOptions(services, configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(new SingletonServices(services));

        services.TryAddSingleton(_ => new InMemoryCluster(isShared: false));
        services.TryAddSingleton<IMembershipTable>(provider => provider.GetRequiredService<InMemoryCluster>().Membership);
        services.TryAddSingleton<IGrainDirectory>(provider => provider.GetRequiredService<InMemoryCluster>().Directory);

        services.AddSingleton(SiloCoreFactory.Create);
        services.AddSingleton<ProcessCore>(provider => provider.GetRequiredService<SiloCore>());
        ProcessServices.Add(services);

        services.AddSingleton<ILocalSiloDetails, LocalSiloDetails>();
        services.AddSingleton<SiloLifecycle>();
        services.AddSingleton<ISiloLifecycleSubject>(provider => provider.GetRequiredService<SiloLifecycle>());
        services.AddSingleton<ISiloLifecycle>(provider => provider.GetRequiredService<SiloLifecycle>());
        services.AddSingleton<IGrainRuntime, GrainRuntime>();
        services.AddSingleton<IGrainContextAccessor, GrainContextAccessor>();
        services.AddScoped(provider => provider.GetRequiredService<IGrainContextAccessor>().GrainContext);
        services.AddSingleton<ITimerRegistry, TimerRegistry>();
        services.AddSingleton<IPersistentStateFactory, PersistentStateFactory>();
        services.AddSingleton<IAttributeToFactoryMapper<PersistentStateAttribute>, PersistentStateFacet>();

        services.TryAddSingleton<IEnvironmentStatisticsProvider, EnvironmentStatisticsProvider>();
        services.AddSingleton<OverloadProbe>();
        services.AddSingleton<SiloLoadMonitor>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloLoadMonitor>());
        services.TryAddSingleton(_ => new LivenessClock(TimeProvider.System));
        services.AddSingleton<LivenessAgent>();
        services.AddSingleton<ISiloReadiness, SiloReadiness>();
        services.AddSingleton<ISiloInspector, SiloInspector>();
        services.AddSingleton<DirectoryUpkeep>();
        services.AddSingleton<SiloMembership>();
        services.AddSingleton<SiloNetwork>();
        services.AddSingleton<SiloHost>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SiloHost>());
        return builder;
    }
}

/// <summary>The services that silos and clients have alike.</summary>
internal static class ProcessServices
{
    internal static void AddOptions(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<EngineOptions>().Bind(configuration.GetSection(EngineOptions.Section)).ValidateOnStart();
        services.AddSingleton<SiloIdentityOptions>();
        services.AddSingleton<IPostConfigureOptions<EngineOptions>>(provider => provider.GetRequiredService<SiloIdentityOptions>());
        services.AddSingleton<IValidateOptions<EngineOptions>>(provider => provider.GetRequiredService<SiloIdentityOptions>());
        services.AddSingleton<IValidateOptions<EngineOptions>, LeaseOptionsValidation>();
    }

    internal static void Add(IServiceCollection services)
    {
        services.AddSingleton<GrainFactory>();
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<GrainFactory>());
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<GrainFactory>());
        services.TryAddSingleton<IRpcPassThrough, PassThrough>();
        services.TryAddSingleton<IRequestContextWriter, RequestContextWriter>();
        services.TryAddSingleton<IClusterFeed, ClusterFeed>();
        services.TryAddSingleton<IClusterInspector, ClusterInspector>();
    }
}
