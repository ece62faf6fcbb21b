using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Directory;

/// <summary>
/// A grain directory that shares its store with the membership table and can be filled again when the store has lost its contents. Thread-safe.
/// </summary>
/// <remarks>
/// A silo that learns <see cref="LeaseState.Lost"/> writes its row, registers everything it holds with <see cref="RestoreAsync"/> and then says <see cref="CompleteRestoreAsync"/>. Until every silo that
/// was alive has said so, or is Dead, grains that are not registered cannot be: <see cref="DirectoryUnavailableException"/>.
/// </remarks>
public interface IRestorableDirectory
{
    /// <summary>Registers this silo's activations again.</summary>
    /// <returns>The registrations, by other living silos, that were there already: this silo's activations of those grains must go.</returns>
    /// <exception cref="DirectoryUnavailableException">Part of them may be registered; call again.</exception>
    Task<IReadOnlyList<GrainAddress>> RestoreAsync(IReadOnlyList<GrainAddress> mine, CancellationToken cancellation);

    /// <summary>This silo has registered all it holds. Idempotent.</summary>
    /// <exception cref="DirectoryUnavailableException">Call again.</exception>
    Task CompleteRestoreAsync(CancellationToken cancellation);
}
