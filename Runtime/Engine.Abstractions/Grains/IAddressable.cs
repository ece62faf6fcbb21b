using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Anything a call can be sent to: a grain, an observer, a grain extension.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>The interface of a grain. Its methods return <see cref="Task"/>, <see cref="ValueTask"/> or <see cref="IAsyncEnumerable{T}"/>.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain known by a string.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain known by a 64-bit integer.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>A grain known by a <see cref="Guid"/>.</summary>
    public interface IGrainWithGuidKey : IGrain;

    /// <summary>A grain known by a 64-bit integer and a string.</summary>
    public interface IGrainWithIntegerCompoundKey : IGrain;

    /// <summary>A grain known by a <see cref="Guid"/> and a string.</summary>
    public interface IGrainWithGuidCompoundKey : IGrain;

    /// <summary>
    /// An object outside any grain which grains call. References to it come from <see cref="IGrainFactory.CreateObjectReference{T}"/>
    /// and hold it weakly: whoever creates one keeps the object alive.
    /// </summary>
    public interface IGrainObserver : IAddressable;
}
