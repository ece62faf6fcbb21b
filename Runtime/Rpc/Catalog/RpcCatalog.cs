using System.Collections.Frozen;
using System.Reflection;

namespace Granary.Rpc.Catalog;

/// <summary>Every service this process exposes, by name and version. Immutable and thread-safe.</summary>
public sealed class RpcCatalog
{
    private readonly FrozenDictionary<(string Name, int Version), RpcService> _byName;

    /// <exception cref="InvalidOperationException">Two interfaces have the same name and version.</exception>
    public RpcCatalog(IEnumerable<RpcService> services)
    {
        var byName = new Dictionary<(string, int), RpcService>();
        foreach (var service in services)
        {
            if (!byName.TryAdd((service.Name, service.Version), service))
            {
                throw new InvalidOperationException(
                    $"Two interfaces are the service '{service.Name}' version {service.Version}: {byName[(service.Name, service.Version)].InterfaceType} and {service.InterfaceType}. Give one of them another name or version in [RpcService].");
            }
        }

        _byName = byName.ToFrozenDictionary();
        Services = [.. byName.Values.OrderBy(s => s.Name, StringComparer.Ordinal).ThenBy(s => s.Version)];
    }

    /// <summary>The services, by name and then version.</summary>
    public IReadOnlyList<RpcService> Services { get; }

    /// <summary>The service of that name and version, or null.</summary>
    public RpcService? Find(string name, int version) => _byName.GetValueOrDefault((name, version));

    /// <summary>The services of all loaded assemblies that our generator has seen.</summary>
    public static RpcCatalog FromLoadedAssemblies() => new(RpcParts.All().SelectMany(p => p.Services));
}

/// <summary>What our generator found in one assembly.</summary>
public abstract class RpcPart
{
    /// <summary>The exposed services.</summary>
    public abstract IReadOnlyList<RpcService> Services { get; }
}

/// <summary>
/// Generated. Names the <see cref="RpcPart"/> of this assembly and of those it references (also the ones whose types its code never mentions).
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class RpcPartAttribute(Type part) : Attribute
{
    /// <summary>A <see cref="RpcPart"/> with a public parameterless constructor.</summary>
    public Type Part { get; } = part;
}

/// <summary>Finds the parts of the loaded assemblies.</summary>
public static class RpcParts
{
    /// <summary>One instance of each part.</summary>
    public static IReadOnlyList<RpcPart> All() => PartTypes<RpcPartAttribute>(a => a.Part)
        .Select(t => (RpcPart)Activator.CreateInstance(t)!).ToList();

    /// <summary>The distinct types that an attribute of the loaded assemblies names, in a stable order.</summary>
    public static IReadOnlyList<Type> PartTypes<TAttribute>(Func<TAttribute, Type> part)
        where TAttribute : Attribute
    {
        var found = new Dictionary<string, Type>(StringComparer.Ordinal);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (assembly.IsDynamic) continue;
            foreach (var attribute in assembly.GetCustomAttributes<TAttribute>())
            {
                var type = part(attribute);
                found.TryAdd(type.AssemblyQualifiedName!, type);
            }
        }

        return [.. found.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value)];
    }
}
