using System.Reflection;
using Granary.Engine.Activations;
using Orleans;
using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Makes a value from another.</summary>
    public delegate TResult Factory<in TParam1, out TResult>(TParam1 param);
}

namespace Orleans.Runtime
{
    /// <summary>Turns a facet attribute of a grain's constructor parameter into what the parameter gets. Registered as a service for each kind of attribute.</summary>
    public interface IAttributeToFactoryMapper<TMetadata>
        where TMetadata : IFacetMetadata
    {
        /// <summary>Called once for each parameter; the returned factory once for each activation.</summary>
        Factory<IGrainContext, object> GetFactory(ParameterInfo parameter, TMetadata metadata);
    }
}

namespace Granary.Engine.Hosting
{
    /// <summary>Constructor parameters that an attribute describes.</summary>
    internal static class Facets
    {
        internal static IFacetMetadata? Find(ParameterInfo parameter) => parameter.GetCustomAttributes(inherit: true).OfType<IFacetMetadata>().FirstOrDefault();

        internal static Func<Activation, object?> Factory(IServiceProvider services, ParameterInfo parameter, IFacetMetadata facet) =>
            (Func<Activation, object?>)typeof(Facets).GetMethod(nameof(FactoryOf), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(facet.GetType()).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [services, parameter, facet], null)!;

        private static Func<Activation, object?> FactoryOf<TMetadata>(IServiceProvider services, ParameterInfo parameter, TMetadata facet)
            where TMetadata : IFacetMetadata
        {
            var mapper = (IAttributeToFactoryMapper<TMetadata>?)services.GetService(typeof(IAttributeToFactoryMapper<TMetadata>))
                ?? throw new InvalidOperationException($"The parameter '{parameter.Name}' of {parameter.Member.DeclaringType} is marked [{typeof(TMetadata).Name}], but no IAttributeToFactoryMapper<{typeof(TMetadata).Name}> is registered.");
            var factory = mapper.GetFactory(parameter, facet);
            return activation => factory(activation);
        }
    }
}
