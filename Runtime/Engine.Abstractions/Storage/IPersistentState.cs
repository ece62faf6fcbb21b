using Orleans.Core;

namespace Orleans
{
    /// <summary>Marks attributes that describe a constructor parameter which the engine supplies for each activation.</summary>
    public interface IFacetMetadata;
}

namespace Orleans.Runtime
{
    /// <summary>
    /// A named state of a grain, taken as a constructor parameter with <see cref="PersistentStateAttribute"/>. It is read before OnActivateAsync.
    /// </summary>
    public interface IPersistentState<TState> : IStorage<TState>;

    /// <summary>Which state, in which storage.</summary>
    public interface IPersistentStateConfiguration
    {
        string StateName { get; }

        /// <summary>The name of the storage provider; null is the default one.</summary>
        string? StorageName { get; }
    }

    /// <summary>Names the state and the storage provider of an <see cref="IPersistentState{TState}"/> constructor parameter.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute : Attribute, IFacetMetadata, IPersistentStateConfiguration
    {
        public PersistentStateAttribute(string stateName, string? storageName = null)
        {
            ArgumentNullException.ThrowIfNull(stateName);
            StateName = stateName;
            StorageName = storageName;
        }

        public string StateName { get; }

        public string? StorageName { get; }
    }

    /// <summary>Makes the states of activations.</summary>
    public interface IPersistentStateFactory
    {
        IPersistentState<TState> Create<TState>(IGrainContext context, IPersistentStateConfiguration config);
    }
}
