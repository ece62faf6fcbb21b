using Granary.Engine.Hosting;
using Granary.Engine.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Orleans.Hosting
{
    /// <summary>Keeps grain states in memory: they are gone when the process is.</summary>
    public static class MemoryGrainStorageSiloBuilderExtensions
    {
        /// <summary>The storage for states that name none.</summary>
        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder) => builder.AddMemoryGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME);

        /// <summary>A storage of that name.</summary>
        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Services.AddGrainStorage(name, static (services, name) =>
                new MemoryGrainStorage(name, services.GetRequiredService<InMemoryCluster>().Store(name, static () => new MemoryGrainStorage.Contents())));
            return builder;
        }
    }
}

namespace Orleans.Runtime.Hosting
{
    /// <summary>Registers storage providers.</summary>
    public static class StorageProviderExtensions
    {
        /// <summary>Registers a storage under a name; under the name "Default" it also serves states that name none. A storage that is an <see cref="ILifecycleParticipant{T}"/> of the silo takes part in its start.</summary>
        public static IServiceCollection AddGrainStorage<T>(this IServiceCollection services, string name, Func<IServiceProvider, string, T> factory)
            where T : IGrainStorage
        {
            ArgumentNullException.ThrowIfNull(services);
            ArgumentException.ThrowIfNullOrEmpty(name);
            services.AddKeyedSingleton<IGrainStorage>(name, (provider, key) => factory(provider, (string)key!));
            if (name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME) services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IGrainStorage>(name));
            if (typeof(ILifecycleParticipant<ISiloLifecycle>).IsAssignableFrom(typeof(T)))
            {
                services.AddSingleton(provider => (ILifecycleParticipant<ISiloLifecycle>)provider.GetRequiredKeyedService<IGrainStorage>(name));
            }

            return services;
        }
    }
}
