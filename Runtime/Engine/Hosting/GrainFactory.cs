using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Granary.Calls;
using Granary.Engine.Management;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>
/// Makes references to grains and observers. Thread-safe. What an interface means is looked up once; after that a reference costs its key's bytes and itself.
/// </summary>
internal sealed class GrainFactory(IServiceProvider services) : IClusterClient
{
    private readonly ConcurrentDictionary<Type, Target> _targets = new();
    private ProcessCore? _process;

    public IServiceProvider ServiceProvider => services;

    // Not in the constructor: filters, which the process is made of, may ask for a factory.
    private ProcessCore Process => _process ??= services.GetRequiredService<ProcessCore>();

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        (TGrainInterface)(object)Create(TargetOf<TGrainInterface>(grainClassNamePrefix), GrainIdKeyExtensions.CreateGuidKey(primaryKey));

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        (TGrainInterface)(object)Create(TargetOf<TGrainInterface>(grainClassNamePrefix), GrainIdKeyExtensions.CreateIntegerKey(primaryKey));

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)(object)Create(TargetOf<TGrainInterface>(grainClassNamePrefix), TextKey(primaryKey));

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey =>
        (TGrainInterface)(object)Create(TargetOf<TGrainInterface>(grainClassNamePrefix), GrainIdKeyExtensions.CreateGuidKey(primaryKey, Extension(keyExtension)));

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey =>
        (TGrainInterface)(object)Create(TargetOf<TGrainInterface>(grainClassNamePrefix), GrainIdKeyExtensions.CreateIntegerKey(primaryKey, Extension(keyExtension)));

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => (IGrain)GetGrain(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey));

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => (IGrain)GetGrain(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey));

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)GetGrain(grainInterfaceType, TextKey(grainPrimaryKey));

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) =>
        (IGrain)GetGrain(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey, Extension(keyExtension)));

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) =>
        (IGrain)GetGrain(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey, Extension(keyExtension)));

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainId);

    public IAddressable GetGrain(GrainId grainId) => Reference(typeof(IAddressable), grainId);

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType)
    {
        if (interfaceType.IsDefault) return GetGrain(grainId);
        var process = Process;
        var callInterface = process.Types.FindInterface(interfaceType.ToString())
            ?? throw new ArgumentException($"This process has no grain interface that is called '{interfaceType}'.", nameof(interfaceType));
        return callInterface.CreateProxy(new ProxyInit(grainId, callInterface, process.Router));
    }

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        return Create(Find(interfaceType, grainClassNamePrefix), grainKey);
    }

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        return Create(Find(interfaceType, null), grainKey);
    }

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => (TGrainObserverInterface)(object)Process.Observers.Add(typeof(TGrainObserverInterface), obj);

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => Process.Observers.Remove(obj);

    private static IdSpan TextKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return IdSpan.Create(key);
    }

    private static string Extension(string extension)
    {
        ArgumentException.ThrowIfNullOrEmpty(extension);
        return extension;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Target TargetOf<T>(string? prefix)
    {
        var last = LastTarget<T>.Value;
        return prefix is null && last is not null && ReferenceEquals(last.Owner, this) ? last : FindAndKeep<T>(prefix);
    }

    private Target FindAndKeep<T>(string? prefix)
    {
        var target = Find(typeof(T), prefix);
        if (prefix is null) LastTarget<T>.Value = target;
        return target;
    }

    private GrainProxy Reference(Type interfaceType, GrainId grainId)
    {
        if (grainId.IsDefault) throw new ArgumentException("The grain id is empty.", nameof(grainId));
        // What every grain is says nothing about which interface is meant.
        if (interfaceType.IsAssignableFrom(typeof(UntypedReference))) interfaceType = typeof(IAddressable);
        return Process.Router.CreateProxy(grainId, interfaceType);
    }

    private GrainProxy Create(Target target, IdSpan key) =>
        target.Interface.CreateProxy(new ProxyInit(GrainId.Create(target.GrainType, key), target.Interface, target.Router));

    private Target Find(Type interfaceType, string? prefix)
    {
        if (prefix is null && _targets.TryGetValue(interfaceType, out var known)) return known;
        var process = Process;
        var callInterface = process.Types.Interface(interfaceType);
        var grainType = interfaceType == typeof(IManagementGrain) ? ManagementGrain.Type
            : prefix is null && NamedDefault(interfaceType) is { } named ? named : process.Types.GrainTypeOf(callInterface, prefix);
        var target = new Target(this, callInterface, grainType, process.Router);
        if (prefix is null) _targets.TryAdd(interfaceType, target);
        return target;
    }

    private GrainType? NamedDefault(Type interfaceType)
    {
        if (interfaceType.GetCustomAttribute<DefaultGrainTypeAttribute>() is not IGrainInterfacePropertiesProviderAttribute attribute) return null;
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        attribute.Populate(services, interfaceType, properties);
        return GrainType.Create(properties[WellKnownGrainInterfaceProperties.DefaultGrainType]);
    }

    private sealed record Target(GrainFactory Owner, CallInterface Interface, GrainType GrainType, CallRouter Router);

    /// <summary>The factory that asked for this interface last, nearly always the only one of the process.</summary>
    private static class LastTarget<T>
    {
        internal static volatile Target? Value;
    }
}
