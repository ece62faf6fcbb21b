using Granary.Calls;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>
/// Until when a silo may run turns. Each turn looks at <see cref="ProcessCore.FenceAt"/> with the time at its start, because after a pause of the process turns may run before any timer or thread has
/// noticed. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   open     the time has not come. Turns run.
///   frozen   the time has come: activations are set aside as they are, each still owning its turn, with what it had taken from its mailbox.
///            From here either to open, when the lease turns out to hold, and they go on; or
///   closed   for good: calls fail, what else waits is dropped, nothing runs any more.
/// </code>
/// The agent of the silo's lease moves it, under the lock; an activation that is to be set aside looks again under the same lock, so none is left behind by a change of state.
/// </remarks>
internal sealed class TurnFence(ProcessCore process)
{
    private readonly Lock _lock = new();
    private List<(Activation Activation, MailboxItem? Taken)> _frozen = [];

    /// <summary>Whether it is closed.</summary>
    internal bool IsClosed { get; private set; }

    internal bool IsPassed(long now) => now >= Volatile.Read(ref process.FenceAt);

    /// <summary>Moves the time: on, when the lease was renewed.</summary>
    /// <param name="ticks">Milliseconds of <see cref="Environment.TickCount64"/>.</param>
    internal void MoveTo(long ticks)
    {
        List<(Activation, MailboxItem?)> goOn;
        lock (_lock)
        {
            if (IsClosed) return;
            Volatile.Write(ref process.FenceAt, ticks);
            if (_frozen.Count == 0 || IsPassed(Environment.TickCount64)) return;
            (goOn, _frozen) = (_frozen, []);
        }

        foreach (var (activation, rest) in goOn) activation.GoOn(rest);
    }

    /// <summary>Nothing runs any more.</summary>
    internal void Close()
    {
        List<(Activation, MailboxItem?)> ended;
        lock (_lock)
        {
            IsClosed = true;
            Volatile.Write(ref process.FenceAt, long.MinValue);
            (ended, _frozen) = (_frozen, []);
        }

        foreach (var (activation, rest) in ended) activation.GoOn(rest);
    }

    /// <summary>Sets an activation aside, which owns its turn. False when it is not to be: it goes on, or, when this is closed, fails what it has.</summary>
    internal bool Freeze(Activation activation, MailboxItem? rest)
    {
        lock (_lock)
        {
            if (IsClosed || !IsPassed(Environment.TickCount64)) return false;
            _frozen.Add((activation, rest));
            return true;
        }
    }

    /// <summary>Whether it has set the activation aside.</summary>
    internal bool Holds(Activation activation)
    {
        lock (_lock) return _frozen.Exists(f => ReferenceEquals(f.Activation, activation));
    }

    /// <exception cref="SiloUnavailableException">The time has come: nothing outside may be changed by this silo.</exception>
    internal void Guard()
    {
        if (IsPassed(Environment.TickCount64)) throw Refusal();
    }

    internal static SiloUnavailableException Refusal() =>
        new("This silo does not hold its lease in the cluster any more: others may have taken its grains over. It does nothing further and ends; call again, another silo answers.");
}
