using System.Diagnostics;

namespace Granary.Calls;

/// <summary>
/// Measures how long a method keeps its thread before it first awaits, to decide whether its turn may run on the caller's thread.
/// One call in <see cref="SampleEvery"/> is timed. Races between threads lose a sample and nothing else.
/// </summary>
internal sealed class TurnMeter
{
    /// <summary>A turn up to this long is cheaper to run in place than to hand to another thread.</summary>
    private static readonly long s_shortTicks = Stopwatch.Frequency / 50_000; // 20 us

    private const int SampleEvery = 64;
    private const int FirstSamples = 4;

    private int _calls;
    private int _samples;
    private long _average;
    private bool _suspect;

    /// <summary>Whether the synchronous part is known to be short.</summary>
    internal bool IsShort { get; private set; }

    /// <summary>Whether the next call must be timed, whatever others are: too little is known yet, or what is known is in doubt. Counts nothing.</summary>
    internal bool NeedsSample => _suspect || _samples < FirstSamples;

    /// <summary>Whether the next call should be timed: the first few, then now and then.</summary>
    internal bool ShouldSample()
    {
        var calls = ++_calls;
        return _suspect || _samples < FirstSamples || (calls & (SampleEvery - 1)) == 0;
    }

    /// <summary>
    /// Takes in one timing. Two slow turns in a row end running in place at once (one alone may be a thread that lost its processor; the next call is timed to tell);
    /// it takes several short ones to begin again.
    /// </summary>
    internal void Record(long ticks)
    {
        CallMetrics.Turn(ticks);
        var samples = _samples;
        // The first call of all pays for compilation; it says nothing about the rest.
        if (samples == 0 && ticks > s_shortTicks) ticks = s_shortTicks;
        var slow = ticks > s_shortTicks * 8;
        if (slow && IsShort && !_suspect)
        {
            _suspect = true;
            return;
        }

        _suspect = false;
        _average = samples == 0 ? ticks : _average + ((ticks - _average) / 4);
        if (samples < FirstSamples) _samples = samples + 1;
        if (slow) _average = Math.Max(_average, s_shortTicks * 8);
        IsShort = samples + 1 >= FirstSamples && _average <= s_shortTicks;
    }
}
