using System.Reflection;
using Granary.Engine.Activations;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>
/// Makes the instances of one grain class. How is worked out at the first one. A class without constructor parameters costs its own allocation and nothing else; one
/// whose parameters are singletons and facets needs no service scope; any other gets the scope of its activation.
/// </summary>
internal sealed class GrainConstructor(Type type, IServiceProvider services)
{
    private readonly bool _isStateful = typeof(IStatefulGrain).IsAssignableFrom(type);
    private readonly bool _participates = typeof(ILifecycleParticipant<IGrainLifecycle>).IsAssignableFrom(type);
    private Func<Activation, object>? _construct;

    /// <summary>On the activation's first turn: makes its instance and subscribes it to the activation's lifecycle where it takes part.</summary>
    internal object Create(Activation activation)
    {
        var outer = ActivationScope.Current;
        ActivationScope.Current = activation;
        object instance;
        try
        {
            instance = (_construct ?? Prepare())(activation);
        }
        finally
        {
            ActivationScope.Current = outer;
        }

        if (_isStateful) Attach(activation, (IStatefulGrain)instance);
        if (_participates) ((ILifecycleParticipant<IGrainLifecycle>)instance).Participate(activation.ObservableLifecycle);
        return instance;
    }

    /// <summary>The engine's own state reads itself; one that a test gave to the constructor is read here.</summary>
    private static void Attach(Activation activation, IStatefulGrain grain)
    {
        var storage = grain.AttachStorage();
        if (storage is not Storage.IActivationState) activation.ObservableLifecycle.Subscribe("state", GrainLifecycleStage.SetupState, _ => storage.ReadStateAsync());
    }

    private Func<Activation, object> Prepare()
    {
        var constructor = Choose();
        var parameters = constructor.GetParameters();
        if (parameters.Length == 0)
        {
            var make = typeof(GrainConstructor).GetMethod(nameof(New), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).CreateDelegate<Func<object>>();
            return _construct = _ => make();
        }

        var invoker = ConstructorInvoker.Create(constructor);
        var sources = Array.ConvertAll(parameters, SourceOf);
        return _construct = activation =>
        {
            var arguments = new object?[sources.Length];
            for (var i = 0; i < sources.Length; i++) arguments[i] = sources[i](activation);
            return invoker.Invoke(arguments.AsSpan());
        };
    }

    private static object New<T>()
        where T : class, new() => new T();

    /// <summary>The marked constructor, else the one with the most parameters that can all be supplied.</summary>
    private ConstructorInfo Choose()
    {
        if (type.IsAbstract) throw new OrleansConfigurationException($"The grain class {type} is abstract: no grain can be made of it.");
        var constructors = type.GetConstructors();
        var marked = constructors.FirstOrDefault(c => c.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute)));
        if (marked is not null) return marked;
        if (constructors.Length == 1) return constructors[0];
        var known = services.GetService<IServiceProviderIsService>();
        return constructors.OrderByDescending(c => c.GetParameters().Length).FirstOrDefault(c => c.GetParameters().All(p => CanSupply(p, known)))
            ?? throw new OrleansConfigurationException($"The grain class {type} has no public constructor whose parameters are all registered services. Add one, or register what it needs.");
    }

    private static bool CanSupply(ParameterInfo parameter, IServiceProviderIsService? known) =>
        parameter.HasDefaultValue || parameter.ParameterType == typeof(IGrainContext) || Facets.Find(parameter) is not null
        || parameter.IsDefined(typeof(FromKeyedServicesAttribute)) || known is null || known.IsService(parameter.ParameterType);

    private Func<Activation, object?> SourceOf(ParameterInfo parameter)
    {
        var wanted = parameter.ParameterType;
        if (Facets.Find(parameter) is { } facet) return Facets.Factory(services, parameter, facet);
        if (wanted == typeof(IGrainContext)) return static activation => activation;
        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed) return activation => activation.ActivationServices.GetRequiredKeyedService(wanted, keyed.Key);
        if (services.GetRequiredService<SingletonServices>().Contains(wanted))
        {
            object? singleton = null;
            return _ => singleton ??= services.GetRequiredService(wanted);
        }

        return activation => activation.ActivationServices.GetService(wanted) ?? (parameter.HasDefaultValue ? parameter.DefaultValue : throw Missing(parameter));
    }

    private InvalidOperationException Missing(ParameterInfo parameter) =>
        new($"The grain class {type} takes '{parameter.Name}' of the type {parameter.ParameterType}, which is not registered. Add it where the silo is configured, for example services.AddSingleton<{parameter.ParameterType.Name}>().");
}
