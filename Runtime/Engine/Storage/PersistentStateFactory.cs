using System.Reflection;
using Granary.Engine.Activations;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Core;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Storage;

namespace Granary.Engine.Storage;

/// <summary>Makes the states of activations from the registered storages.</summary>
internal sealed class PersistentStateFactory(IServiceProvider services) : IPersistentStateFactory
{
    public IPersistentState<TState> Create<TState>(IGrainContext context, IPersistentStateConfiguration config) =>
        new PersistentState<TState>(config.StateName, context, Find(config.StorageName, context));

    /// <summary>The state of a <see cref="Grain{TGrainState}"/>: it is called "state", its storage is what <see cref="StorageProviderAttribute"/> says.</summary>
    internal IStorage<TState> CreateForClass<TState>(IGrainContext context)
    {
        var attribute = ((Activation)context).Class.Type.GetCustomAttribute<StorageProviderAttribute>();
        return new PersistentState<TState>("state", context, Find(attribute?.ProviderName, context));
    }

    private IGrainStorage Find(string? name, IGrainContext context)
    {
        var isDefault = string.IsNullOrEmpty(name) || name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME;
        var storage = isDefault
            ? services.GetService<IGrainStorage>() ?? services.GetKeyedService<IGrainStorage>(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            : services.GetKeyedService<IGrainStorage>(name);
        return storage ?? throw new OrleansConfigurationException(isDefault
            ? $"The grain {context.GrainId} has a persistent state, but the silo has no default grain storage. Add one where the silo is configured, for example silo.AddMemoryGrainStorageAsDefault()."
            : $"The grain {context.GrainId} has a persistent state in the storage '{name}', which the silo does not have. Add it where the silo is configured, for example silo.AddMemoryGrainStorage(\"{name}\").");
    }
}

/// <summary>Supplies constructor parameters marked <see cref="PersistentStateAttribute"/>.</summary>
internal sealed class PersistentStateFacet(IPersistentStateFactory factory) : IAttributeToFactoryMapper<PersistentStateAttribute>
{
    public Factory<IGrainContext, object> GetFactory(ParameterInfo parameter, PersistentStateAttribute metadata)
    {
        var type = parameter.ParameterType;
        if (!type.IsConstructedGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new OrleansConfigurationException(
                $"The parameter '{parameter.Name}' of {parameter.Member.DeclaringType} is marked [PersistentState] but is a {type}. Make it an IPersistentState<YourState>.");
        }

        return typeof(PersistentStateFacet).GetMethod(nameof(FactoryOf), BindingFlags.Instance | BindingFlags.NonPublic)!
            .MakeGenericMethod(type.GenericTypeArguments[0]).CreateDelegate<Func<PersistentStateAttribute, Factory<IGrainContext, object>>>(this)(metadata);
    }

    private Factory<IGrainContext, object> FactoryOf<TState>(PersistentStateAttribute metadata) => context => factory.Create<TState>(context, metadata);
}
