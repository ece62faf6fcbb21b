using System.Diagnostics;

namespace Granary.Engine.Transport;

/// <summary>
/// Decides whether the code that awaits replies is resumed on the thread that reads them, which is the fastest way when that code is short, or on the thread pool. For the reader.
/// </summary>
internal sealed class InlineMeter
{
    /// <summary>Code that kept the thread so long, on average or once, goes to the pool.</summary>
    private static readonly long s_longAverage = Stopwatch.Frequency / 50_000; // 20 us
    private static readonly long s_longOnce = Stopwatch.Frequency / 5_000; // 200 us

    /// <summary>How many replies go to the pool before it is tried again.</summary>
    private const int Pause = 1024;

    private int _pause;
    private long _average;

    /// <summary>Whether the next reply's code may run in place.</summary>
    internal bool Allows()
    {
        if (_pause == 0) return true;
        _pause--;
        return false;
    }

    /// <summary>Takes in how long the code of so many replies took, in <see cref="Stopwatch"/> ticks.</summary>
    internal void Record(long ticks, int replies)
    {
        var each = ticks / replies;
        _average += (each - _average) / 8;
        if (each <= s_longOnce && _average <= s_longAverage) return;
        _pause = Pause;
        _average = 0;
    }
}
