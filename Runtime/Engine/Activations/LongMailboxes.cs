namespace Granary.Engine.Activations;

/// <summary>
/// The activations of one silo with the longest mailboxes, known without looking at the others. Thread-safe; of a fixed size, whatever the number of activations.
/// </summary>
/// <remarks>
/// An activation with calls waiting enters itself each time another joins them (<see cref="Note"/>). By its id it has a row of <see cref="RowLength"/> places and takes that with the shortest mailbox, if its own is longer.
/// Places are read and written without a lock. Two activations that take one place at once: the later stays, and the other enters itself with its next call. One activation at two places: told once.
/// So one of the longest is missed only when more than <see cref="RowLength"/> of them have the same row. An activation that leaves the silo is taken out (<see cref="Forget"/>); should it lose a race with its own last
/// call, it is kept in memory until another takes its place, and never told, since nothing waits there.
/// </remarks>
internal sealed class LongMailboxes
{
    /// <summary>The calls that must wait for an activation to count.</summary>
    internal const int Least = 2;

    internal const int RowLength = 4;
    internal const int Rows = 256;

    private readonly Activation?[] _places = new Activation?[Rows * RowLength];

    /// <summary>Places that are taken; for tests.</summary>
    internal int Count => _places.Count(p => p is not null);

    /// <summary>The activation has <paramref name="waiting"/> calls waiting, at least <see cref="Least"/>.</summary>
    internal void Note(Activation activation, int waiting)
    {
        var row = Row(activation);
        var shortest = -1;
        var least = waiting;
        for (var i = 0; i < row.Length; i++)
        {
            var place = Volatile.Read(ref row[i]);
            if (ReferenceEquals(place, activation)) return;
            var length = place?.QueueLength ?? 0;
            if (length < least) (shortest, least) = (i, length);
        }

        if (shortest >= 0) Volatile.Write(ref row[shortest], activation);
    }

    /// <summary>The activation leaves.</summary>
    internal void Forget(Activation activation)
    {
        var row = Row(activation);
        for (var i = 0; i < row.Length; i++)
        {
            if (ReferenceEquals(Volatile.Read(ref row[i]), activation)) Interlocked.CompareExchange(ref row[i], null, activation);
        }
    }

    /// <summary>Those with calls waiting now, longest first.</summary>
    internal List<(Activation Activation, int Waiting)> Read()
    {
        var found = new HashSet<Activation>();
        for (var i = 0; i < _places.Length; i++)
        {
            if (Volatile.Read(ref _places[i]) is { } activation) found.Add(activation);
        }

        // A length is read once, so that what is told is what it is ordered by.
        return [.. found.Select(a => (Activation: a, Waiting: a.QueueLength)).Where(a => a.Waiting > 0).OrderByDescending(a => a.Waiting)];
    }

    private Span<Activation?> Row(Activation activation) => _places.AsSpan((int)(activation.GrainId.GetUniformHashCode() % Rows) * RowLength, RowLength);
}
