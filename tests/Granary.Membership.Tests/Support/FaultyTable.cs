using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>One silo's way to a table that all share: it can be cut, and brings what was missed when it is there again.</summary>
internal sealed class FaultyTable(IMembershipTable inner) : IMembershipTable
{
    /// <summary>The table cannot be reached.</summary>
    internal volatile bool IsAway;

    /// <summary>Whether any renewal came on a thread of the pool.</summary>
    internal volatile bool WasRenewedOnThePool;

    public MembershipView View => inner.View;

    public Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation) => Reach(() => inner.WriteAsync(entry, cancellation));

    public Task<MembershipView> ReadAsync(CancellationToken cancellation) => Reach(() => inner.ReadAsync(cancellation));

    public IDisposable Watch(Action<MembershipView> onView) => inner.Watch(view =>
    {
        if (!IsAway) onView(view);
    });

    public IDisposable WatchSuspicions(Action<Suspicion> onSuspicion) => inner.WatchSuspicions(suspicion =>
    {
        if (!IsAway) onSuspicion(suspicion);
    });

    public Task<Renewal> RenewAsync(SiloAddress silo, long seenVersion, CancellationToken cancellation)
    {
        if (Thread.CurrentThread.IsThreadPoolThread) WasRenewedOnThePool = true;
        return Reach(() => inner.RenewAsync(silo, seenVersion, cancellation));
    }

    public Task<int> SuspectAsync(SiloAddress suspect, SiloAddress witness, long beat, CancellationToken cancellation) => Reach(() => inner.SuspectAsync(suspect, witness, beat, cancellation));

    public Task<bool> DeclareDeadAsync(SiloAddress suspect, long beat, SiloAddress by, string reason, CancellationToken cancellation) =>
        Reach(() => inner.DeclareDeadAsync(suspect, beat, by, reason, cancellation));

    public Task ForgetDeadAsync(TimeSpan keep, CancellationToken cancellation) => IsAway ? Task.FromException(Away()) : inner.ForgetDeadAsync(keep, cancellation);

    private static MembershipUnavailableException Away() => new("The test has cut the way to the table.");

    private Task<T> Reach<T>(Func<Task<T>> step) => IsAway ? Task.FromException<T>(Away()) : step();
}
