using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>
/// Where the cluster's silos are written down, each with a lease that it renews. In memory for the silos of one process, on Redis for a cluster. Thread-safe.
/// </summary>
/// <remarks>
/// <para>A lease is a counter, the <i>beat</i>, that only its silo moves on. It starts anywhere, differently each time a row is written that was not there (a table that has lost its contents must not take a
/// late command for one about the new row). Nobody compares clocks: who suspects a silo measures with its own clock how long the beat has stood still, and declares it dead
/// only if the beat, at that moment, is still the one it has seen.</para>
/// <para>A witness of a suspicion has promised something: it will not help the suspect to outlive the beat it was suspected at, whatever becomes of the store (see docs/membership.md).
/// So a suspicion is written after the witness has noted it, is never taken back, and ends with the beat.</para>
/// <para>Every method is one atomic step of the table. A Dead row never becomes anything else. When the store cannot be reached, methods throw <see cref="MembershipUnavailableException"/>; whether the step was
/// taken is then not known, and repeating it is harmless.</para>
/// </remarks>
public interface IMembershipTable
{
    /// <summary>The newest view known here, without asking anyone.</summary>
    MembershipView View { get; }

    /// <summary>
    /// Writes a silo's row and advances the version. When the table has lost its contents since this silo last saw it, the rows of all others that were alive in <see cref="View"/> come back with it: nobody
    /// vanishes because the store forgot.
    /// </summary>
    /// <returns>The view that holds the change; or, when the row was Dead already, the view that says so.</returns>
    Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation);

    /// <summary>Reads the table.</summary>
    Task<MembershipView> ReadAsync(CancellationToken cancellation);

    /// <summary>Calls back for each later view, in version order within an epoch, until disposed. Called under a lock of the table: only to be noted.</summary>
    IDisposable Watch(Action<MembershipView> onView);

    /// <summary>Calls back when a silo is suspected by a witness, so that others look for themselves at once. May be missed: suspicions are also in what <see cref="RenewAsync"/> gives.</summary>
    IDisposable WatchSuspicions(Action<Suspicion> onSuspicion);

    /// <summary>Moves a silo's beat on and reads everyone's, in one step.</summary>
    /// <param name="silo">The silo that calls.</param>
    /// <param name="seenVersion">The version of the view it acts by. The greatest one is kept with its beat, if the lease is held.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    Task<Renewal> RenewAsync(SiloAddress silo, long seenVersion, CancellationToken cancellation);

    /// <summary>
    /// Notes that a witness found nobody at a silo's address, or another generation, or saw the silo's beat stand still for too long, while the beat was <paramref name="beat"/>. A beat that has moved on
    /// voids it.
    /// </summary>
    /// <returns>How many witnesses, this one included, have found so at this beat; 0 when the beat has moved on or the silo is not alive.</returns>
    Task<int> SuspectAsync(SiloAddress suspect, SiloAddress witness, long beat, CancellationToken cancellation);

    /// <summary>Declares a silo dead if its beat is still <paramref name="beat"/>, and advances the version.</summary>
    /// <param name="suspect">The silo.</param>
    /// <param name="beat">Its beat as the caller has seen it.</param>
    /// <param name="by">Who declares it.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>Whether the silo is Dead now.</returns>
    Task<bool> DeclareDeadAsync(SiloAddress suspect, long beat, SiloAddress by, string reason, CancellationToken cancellation);

    /// <summary>Removes the rows of silos that have been Dead for longer than <paramref name="keep"/>, by the store's clock; the version advances when one was removed.</summary>
    Task ForgetDeadAsync(TimeSpan keep, CancellationToken cancellation);
}

/// <summary>What a silo learns by renewing its lease.</summary>
/// <param name="Lease">How it stands with its own row.</param>
/// <param name="Version">The table's version now.</param>
/// <param name="Epoch">The table's epoch now.</param>
/// <param name="Beats">The beats of the silos that are not Dead.</param>
public sealed record Renewal(LeaseState Lease, long Version, string Epoch, IReadOnlyList<SiloBeat> Beats);

/// <summary>One silo's lease as read.</summary>
/// <param name="Silo">Which.</param>
/// <param name="Beat">Its counter.</param>
/// <param name="SeenVersion">The greatest version of the views it has acted by; 0 when it has not renewed.</param>
/// <param name="Witnesses">The silos that suspect it at this beat.</param>
public sealed record SiloBeat(SiloAddress Silo, long Beat, long SeenVersion, IReadOnlyList<SiloAddress> Witnesses);

/// <summary>A silo is suspected.</summary>
/// <param name="Suspect">Which.</param>
/// <param name="Witness">By whom.</param>
/// <param name="Beat">At which beat.</param>
public sealed record Suspicion(SiloAddress Suspect, SiloAddress Witness, long Beat);

/// <summary>How a silo stands with its row.</summary>
public enum LeaseState
{
    /// <summary>The lease was renewed.</summary>
    Held,

    /// <summary>The cluster has declared the silo dead: it must stop at once.</summary>
    Dead,

    /// <summary>The table has no row of the silo: it has lost its contents. The silo writes its row, and its activations' directory entries, again.</summary>
    Lost,
}

/// <summary>The store of the membership table cannot be reached or refuses to write.</summary>
public sealed class MembershipUnavailableException : OrleansException
{
    public MembershipUnavailableException(string message)
        : base(message)
    {
    }

    public MembershipUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
