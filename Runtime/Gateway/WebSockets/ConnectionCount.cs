namespace Granary.Gateway.WebSockets;

/// <summary>How many connections there are, in all and of each caller. Thread-safe.</summary>
internal sealed class ConnectionCount(int most, int mostOfOne)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ofCaller = new(StringComparer.Ordinal);
    private int _all;

    public int All => Volatile.Read(ref _all);

    /// <summary>Counts one more.</summary>
    /// <returns>What stands against it; null when it was counted, and <see cref="Remove"/> is owed.</returns>
    public string? Add(string caller)
    {
        lock (_gate)
        {
            if (_all >= most) return $"this host has its {most} WebSocket connections; try again later";
            var of = _ofCaller.GetValueOrDefault(caller);
            if (of >= mostOfOne) return $"you have {of} WebSocket connections to this host, and more are not allowed; close one first";
            _ofCaller[caller] = of + 1;
            _all++;
            return null;
        }
    }

    public void Remove(string caller)
    {
        lock (_gate)
        {
            _all--;
            if (_ofCaller[caller] is var of && of > 1) _ofCaller[caller] = of - 1;
            else _ofCaller.Remove(caller);
        }
    }
}
