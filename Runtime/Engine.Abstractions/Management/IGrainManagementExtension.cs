using Orleans.Runtime;

namespace Orleans.Core.Internal;

/// <summary>Manages the activation of any grain: <c>grain.AsReference&lt;IGrainManagementExtension&gt;()</c>. A grain that is not active is not activated for it.</summary>
public interface IGrainManagementExtension : IGrainExtension
{
    /// <summary>Deactivates the grain once what it runs has ended; its next call activates it again.</summary>
    ValueTask DeactivateOnIdle();

    /// <inheritdoc cref="DeactivateOnIdle()"/>
    ValueTask DeactivateOnIdle(CancellationToken cancellationToken) => DeactivateOnIdle();

    /// <summary>Moves the grain, once what it runs has ended, to the silo its placement chooses; it stays when that is the one it is on.</summary>
    ValueTask MigrateOnIdle();

    /// <inheritdoc cref="MigrateOnIdle()"/>
    ValueTask MigrateOnIdle(CancellationToken cancellationToken) => MigrateOnIdle();
}
