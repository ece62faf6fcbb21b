using System.Collections.Frozen;
using Granary.Calls;
using Granary.Engine.Activations;
using Granary.Rpc.Catalog;
using Orleans.Runtime;

namespace Granary.Engine.Routing;

/// <summary>The interfaces and grain classes this process knows from its generated parts, and which grain type serves an interface. Immutable once built.</summary>
internal sealed class GrainTypeRegistry
{
    private readonly FrozenDictionary<Type, CallInterface> _interfacesByType;
    private readonly FrozenDictionary<string, CallInterface> _interfacesByName;
    private readonly FrozenDictionary<GrainType, GrainClass> _classes;
    private readonly FrozenDictionary<string, GrainType[]> _implementations;
    private volatile FrozenDictionary<string, GrainType> _remoteImplementations = FrozenDictionary<string, GrainType>.Empty;

    internal GrainTypeRegistry(IEnumerable<CallPart> parts, Func<Type, IReadOnlyList<CallInterface>, GrainClass> describe)
    {
        var all = parts.ToArray();
        var interfaces = all.SelectMany(p => p.Interfaces).DistinctBy(i => i.Type).ToArray();
        _interfacesByType = interfaces.ToFrozenDictionary(i => i.Type);
        _interfacesByName = interfaces.ToFrozenDictionary(i => i.Name, StringComparer.Ordinal);
        var classes = new Dictionary<GrainType, GrainClass>();
        foreach (var type in all.SelectMany(p => p.GrainClasses).Distinct())
        {
            var described = describe(type, [.. type.GetInterfaces().Where(_interfacesByType.ContainsKey).Select(i => _interfacesByType[i])]);
            if (!classes.TryAdd(described.GrainType, described))
            {
                throw new InvalidOperationException(
                    $"Two grain classes have the grain type '{described.GrainType}': {classes[described.GrainType].Type} and {type}. Give one of them another name with [GrainType(\"...\")].");
            }
        }

        _classes = classes.ToFrozenDictionary();
        _implementations = classes.Values.SelectMany(c => c.Interfaces.Select(i => (i.Name, c)))
            .GroupBy(p => p.Name, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.Select(p => p.c.GrainType).OrderBy(t => t.ToString(), StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);
    }

    internal IEnumerable<GrainClass> Classes => _classes.Values;

    /// <summary>The parts of all loaded assemblies.</summary>
    internal static IReadOnlyList<CallPart> LoadedParts() =>
        [.. RpcParts.PartTypes<CallPartAttribute>(a => a.Part).Select(t => (CallPart)Activator.CreateInstance(t)!)];

    internal GrainClass? FindClass(GrainType type) => _classes.GetValueOrDefault(type);

    internal CallInterface? FindInterface(Type type) => _interfacesByType.GetValueOrDefault(type);

    internal CallInterface? FindInterface(string name) => _interfacesByName.GetValueOrDefault(name);

    /// <summary>The generated interface of a C# one.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    internal CallInterface Interface(Type type) => _interfacesByType.GetValueOrDefault(type)
        ?? throw new ArgumentException(
            $"{type} has no generated proxy. It must be an interface that derives from IGrain… or IGrainObserver, in a project with <EngineRole>contracts</EngineRole> (or <UseGranaryGenerators>true</UseGranaryGenerators>).");

    /// <summary>The grain type that serves an interface.</summary>
    /// <exception cref="ArgumentException">No class, or more than one, implements it.</exception>
    internal GrainType GrainTypeOf(CallInterface callInterface, string? classNamePrefix = null)
    {
        if (_implementations.TryGetValue(callInterface.Name, out var types))
        {
            if (classNamePrefix is not null)
            {
                foreach (var type in types)
                {
                    if (_classes[type].Type.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal)) return type;
                }

                throw new ArgumentException($"No class whose full name begins with '{classNamePrefix}' implements {callInterface.Type}.");
            }

            if (types.Length == 1) return types[0];
            var exact = types.Where(t => _classes[t].Type.Name == callInterface.Type.Name[1..]).ToArray();
            if (exact.Length == 1) return exact[0];
            throw new ArgumentException($"{types.Length} classes implement {callInterface.Type}: {string.Join(", ", types.Select(t => _classes[t].Type.FullName))}. Name one with grainClassNamePrefix, or mark the interface [DefaultGrainType(\"...\")].");
        }

        if (_remoteImplementations.TryGetValue(callInterface.Name, out var remote)) return remote;
        throw new ArgumentException($"No grain class implements {callInterface.Type}, neither in this process nor in a silo it knows. Reference the project of the class where the silo is built.");
    }

    /// <summary>What the cluster's silos serve, for processes that have the interfaces but not the classes.</summary>
    internal void LearnFrom(IEnumerable<Membership.GrainManifestEntry> entries) =>
        _remoteImplementations = entries.GroupBy(e => e.Interface, StringComparer.Ordinal)
            .Where(g => g.Select(e => e.GrainType).Distinct(StringComparer.Ordinal).Count() == 1)
            .ToFrozenDictionary(g => g.Key, g => GrainType.Create(g.First().GrainType), StringComparer.Ordinal);

    /// <summary>What this process can host.</summary>
    internal IEnumerable<Membership.GrainManifestEntry> Manifest() =>
        _classes.Values.Where(c => !SystemGrains.IsSystem(c.GrainType))
            .SelectMany(c => c.Interfaces.Select(i => new Membership.GrainManifestEntry(c.GrainType.ToString()!, i.Name, i.Version, c.Placement?.GetType().Name ?? string.Empty)));
}
