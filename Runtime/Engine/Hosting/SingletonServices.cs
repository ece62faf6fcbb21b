using Microsoft.Extensions.DependencyInjection;

namespace Granary.Engine.Hosting;

/// <summary>Tells which services are singletons, so that a grain which needs only those is made without a scope. Built from the collection, which must be complete when first asked.</summary>
internal sealed class SingletonServices(IServiceCollection services)
{
    private readonly Lazy<Dictionary<Type, ServiceLifetime>> _lifetimes = new(() =>
    {
        var lifetimes = new Dictionary<Type, ServiceLifetime>();
        // The last registration is the one that is resolved.
        foreach (var descriptor in services)
        {
            if (!descriptor.IsKeyedService) lifetimes[descriptor.ServiceType] = descriptor.Lifetime;
        }

        return lifetimes;
    });

    internal bool Contains(Type type) =>
        (_lifetimes.Value.TryGetValue(type, out var lifetime)
            || (type.IsConstructedGenericType && _lifetimes.Value.TryGetValue(type.GetGenericTypeDefinition(), out lifetime)))
        && lifetime == ServiceLifetime.Singleton;
}
