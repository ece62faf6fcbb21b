using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Concurrency;

/// <summary>While one request of the grain awaits, others may run. Still never two at the same instant.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute, IGrainPropertiesProviderAttribute
{
    public void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
        properties[WellKnownGrainTypeProperties.Reentrant] = "true";
}

/// <summary>
/// A method of the grain class decides for each request whether it may run while others await:
/// <c>public static bool Name(IInvokable request)</c>, or an instance method of that form.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayInterleaveAttribute(string callbackMethodName) : Attribute, IGrainPropertiesProviderAttribute
{
    internal string CallbackMethodName { get; } = callbackMethodName;

    public void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
        properties[WellKnownGrainTypeProperties.MayInterleavePredicate] = CallbackMethodName;
}

/// <summary>Requests of this method may run while any other request of the grain awaits.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>The method changes nothing: its requests may run beside each other, but not beside requests that change something.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>The caller's task completes once the request is sent. There is no result, and no error comes back.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;

/// <summary>Has no effect.</summary>
[AttributeUsage(AttributeTargets.Interface)]
[Obsolete("Message ordering is not guaranteed regardless of whether this attribute is used. This attribute has no effect.")]
public sealed class UnorderedAttribute : Attribute;

/// <summary>
/// The grain has no identity worth a single activation: each silo keeps up to so many, and a call runs on an idle one of the caller's silo.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StatelessWorkerAttribute : PlacementAttribute, IGrainPropertiesProviderAttribute
{
    /// <param name="maxLocalWorkers">The greatest number of activations on a silo, at least 1.</param>
    public StatelessWorkerAttribute(int maxLocalWorkers)
        : this(maxLocalWorkers, removeIdleWorkers: true)
    {
    }

    /// <param name="maxLocalWorkers">The greatest number of activations on a silo, at least 1.</param>
    /// <param name="removeIdleWorkers">Whether activations go soon when the load falls.</param>
    public StatelessWorkerAttribute(int maxLocalWorkers, bool removeIdleWorkers)
        : base(new StatelessWorkerPlacement(maxLocalWorkers, removeIdleWorkers))
    {
    }

    /// <summary>As many activations as the silo has cores.</summary>
    public StatelessWorkerAttribute()
        : this(Environment.ProcessorCount)
    {
    }

    public override void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.Populate(services, grainClass, grainType, properties);
        properties[WellKnownGrainTypeProperties.Unordered] = "true";
    }
}
