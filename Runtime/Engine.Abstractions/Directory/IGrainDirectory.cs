using Orleans.Runtime;

namespace Orleans.GrainDirectory;

/// <summary>Knows which silo holds which grain. At most one activation of a grain is registered at any time. Thread-safe.</summary>
public interface IGrainDirectory
{
    /// <summary>Registers an activation unless another is registered.</summary>
    /// <returns>What is registered now: the given address, or the one that was there.</returns>
    Task<GrainAddress?> Register(GrainAddress address);

    /// <inheritdoc cref="Register(GrainAddress)"/>
    Task<GrainAddress?> Register(GrainAddress address, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<GrainAddress?>(cancellationToken) : Register(address);

    /// <summary>Registers an activation if nothing is registered, or exactly <paramref name="previousAddress"/>.</summary>
    /// <returns>What is registered now.</returns>
    Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) =>
        throw new NotSupportedException($"{GetType().Name} cannot replace a registration. Implement Register(address, previousAddress).");

    /// <inheritdoc cref="Register(GrainAddress, GrainAddress)"/>
    Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<GrainAddress?>(cancellationToken) : Register(address, previousAddress);

    /// <summary>Removes the registration if it is exactly this one.</summary>
    Task Unregister(GrainAddress address);

    /// <inheritdoc cref="Unregister(GrainAddress)"/>
    Task Unregister(GrainAddress address, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Unregister(address);

    /// <summary>The registered activation of a grain; null when there is none.</summary>
    Task<GrainAddress?> Lookup(GrainId grainId);

    /// <inheritdoc cref="Lookup(GrainId)"/>
    Task<GrainAddress?> Lookup(GrainId grainId, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<GrainAddress?>(cancellationToken) : Lookup(grainId);

    /// <summary>Removes every registration on these silos, which are dead.</summary>
    Task UnregisterSilos(List<SiloAddress> siloAddresses);

    /// <inheritdoc cref="UnregisterSilos(List{SiloAddress})"/>
    Task UnregisterSilos(List<SiloAddress> siloAddresses, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : UnregisterSilos(siloAddresses);
}
