using System.Reflection;
using Granary.Calls;
using Granary.Engine.Activations;
using Granary.Engine.Filters;
using Granary.Engine.Routing;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Granary.Engine.Hosting;

/// <summary>Reads what a grain class's attributes and the options say of it. At start only.</summary>
internal sealed class GrainClassDescriber(IServiceProvider services, GrainCollectionOptions collection)
{
    private const string Suffix = "grain";

    /// <exception cref="OrleansConfigurationException">An attribute cannot be as it is written.</exception>
    internal GrainClass Describe(Type type, IReadOnlyList<CallInterface> interfaces)
    {
        var attributes = type.GetCustomAttributes(inherit: true);
        var placement = attributes.OfType<PlacementAttribute>().FirstOrDefault()?.PlacementStrategy;
        var constructor = new GrainConstructor(type, services);
        var grainType = TypeOf(type, attributes);
        var isSystem = SystemGrains.IsSystem(grainType);
        return new GrainClass
        {
            Type = type,
            GrainType = grainType,
            // The interfaces of the grain's own contract before those every grain may have.
            Interfaces = [.. interfaces.OrderBy(i => i.Type.Assembly == typeof(IGrain).Assembly)],
            IsReentrant = attributes.OfType<ReentrantAttribute>().Any(),
            MayInterleave = attributes.OfType<MayInterleaveAttribute>().FirstOrDefault() is { } predicate ? Predicate(type, predicate.CallbackMethodName) : null,
            HasFilters = typeof(IIncomingGrainCallFilter).IsAssignableFrom(type),
            MaxWorkers = placement is StatelessWorkerPlacement workers ? workers.MaxLocal : 0,
            UsesDirectory = !isSystem && (placement?.IsUsingGrainDirectory ?? true),
            CollectionAgeMs = isSystem ? long.MaxValue : CollectionAge(type, attributes),
            Placement = placement,
            Create = constructor.Create,
        };
    }

    /// <summary>The name in grain ids: what an attribute says, else the class's name without the suffix "Grain", lower-case.</summary>
    private GrainType TypeOf(Type type, object[] attributes)
    {
        if (attributes.OfType<IGrainTypeProviderAttribute>().FirstOrDefault() is { } named) return named.GetGrainType(services, type);
        var name = type.Name.ToLowerInvariant();
        var arity = name.IndexOf('`', StringComparison.Ordinal);
        if (arity > 0) name = name[..arity];
        if (name.Length > Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)) name = name[..^Suffix.Length];
        return GrainType.Create(name);
    }

    private long CollectionAge(Type type, object[] attributes)
    {
        if (attributes.OfType<KeepAliveAttribute>().Any()) return long.MaxValue;
        var age = attributes.OfType<CollectionAgeLimitAttribute>().FirstOrDefault()?.AgeLimit
            ?? (collection.ClassSpecificCollectionAge.TryGetValue(type.FullName!, out var specific) ? specific : collection.CollectionAge);
        return age == Timeout.InfiniteTimeSpan || age == TimeSpan.MaxValue ? long.MaxValue : (long)age.TotalMilliseconds;
    }

    private static Func<object, Call, bool> Predicate(Type type, string name)
    {
        const BindingFlags Any = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.FlattenHierarchy;
        var method = type.GetMethod(name, Any, [typeof(IInvokable)]);
        if (method is null || method.ReturnType != typeof(bool))
        {
            throw new OrleansConfigurationException(
                $"{type} is marked [MayInterleave(\"{name}\")] but has no such method. Write 'public static bool {name}(IInvokable request)' (or the same as an instance method).");
        }

        if (method.IsStatic)
        {
            var decide = method.CreateDelegate<Func<IInvokable, bool>>();
            return (grain, call) => decide(new CallInvokable(call, grain));
        }

        return (Func<object, Call, bool>)typeof(GrainClassDescriber).GetMethod(nameof(InstancePredicate), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(method.DeclaringType!).Invoke(null, [method])!;
    }

    private static Func<object, Call, bool> InstancePredicate<T>(MethodInfo method)
    {
        var decide = method.CreateDelegate<Func<T, IInvokable, bool>>();
        return (grain, call) => decide((T)grain, new CallInvokable(call, grain));
    }
}
