using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains. Making one sends nothing: the grain is activated by its first call.</summary>
public interface IGrainFactory
{
    TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey;

    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey;

    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey;

    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey;

    /// <summary>A reference through which grains can call <paramref name="obj"/>. It does not keep <paramref name="obj"/> alive.</summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    /// <summary>Ends what <see cref="CreateObjectReference{T}"/> began: later calls to <paramref name="obj"/> fail.</summary>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey);

    IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey);

    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension);

    IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension);

    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;

    /// <summary>A reference which implements no grain interface until it is cast.</summary>
    IAddressable GetGrain(GrainId grainId);

    IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType);

    IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix);

    IAddressable GetGrain(Type interfaceType, IdSpan grainKey);
}

/// <summary>Grain references from encoded keys.</summary>
public static class GrainFactoryExtensions
{
    public static TGrainInterface GetGrain<TGrainInterface>(this IGrainFactory grainFactory, IdSpan grainPrimaryKey)
        where TGrainInterface : IGrain =>
        (TGrainInterface)grainFactory.GetGrain(typeof(TGrainInterface), grainPrimaryKey);

    public static TGrainInterface GetGrain<TGrainInterface>(this IGrainFactory grainFactory, IdSpan grainPrimaryKey, string grainClassNamePrefix)
        where TGrainInterface : IGrain =>
        (TGrainInterface)grainFactory.GetGrain(typeof(TGrainInterface), grainPrimaryKey, grainClassNamePrefix);
}

/// <summary>A connection to a cluster: what a process uses which hosts no grains.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}
