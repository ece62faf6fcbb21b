namespace Orleans.Runtime;

/// <summary>
/// What travels with a chain of calls: the caller's values, the deadline and the reentrancy id. Immutable, so a call exports and imports it
/// as one reference; every change makes a new instance. Values are few, hence an array and no dictionary.
/// </summary>
internal sealed class RequestContextData
{
    /// <summary>No deadline.</summary>
    internal const long NoDeadline = long.MaxValue;

    private static readonly KeyValuePair<string, object>[] s_none = [];

    internal static readonly RequestContextData Empty = new(s_none, NoDeadline, Guid.Empty);

    private readonly KeyValuePair<string, object>[] _values;

    private RequestContextData(KeyValuePair<string, object>[] values, long deadlineMs, Guid reentrancyId)
    {
        _values = values;
        DeadlineMs = deadlineMs;
        ReentrancyId = reentrancyId;
    }

    /// <summary>The deadline in the engine's monotonic milliseconds, <see cref="NoDeadline"/> when there is none.</summary>
    internal long DeadlineMs { get; }

    /// <summary>The id of the call chain that may re-enter the grains it passed, <see cref="Guid.Empty"/> when none may.</summary>
    internal Guid ReentrancyId { get; }

    /// <summary>The caller's values, in no particular order.</summary>
    internal ReadOnlySpan<KeyValuePair<string, object>> Values => _values;

    internal int Count => _values.Length;

    /// <summary>Takes ownership of <paramref name="values"/>, whose keys are distinct. Null when there is nothing to carry.</summary>
    internal static RequestContextData? Create(KeyValuePair<string, object>[]? values, long deadlineMs, Guid reentrancyId) =>
        values is null or { Length: 0 } && deadlineMs == NoDeadline && reentrancyId == Guid.Empty
            ? null
            : new RequestContextData(values ?? s_none, deadlineMs, reentrancyId);

    /// <summary>From the form in which <see cref="IGrainContext"/> passes a context.</summary>
    internal static RequestContextData? FromDictionary(Dictionary<string, object>? values) => Create(values?.ToArray(), NoDeadline, Guid.Empty);

    /// <summary>To the form in which <see cref="IGrainContext"/> passes a context; null when there are no values.</summary>
    internal Dictionary<string, object>? ToDictionary() => _values.Length == 0 ? null : new(_values, StringComparer.Ordinal);

    internal object? Get(string key)
    {
        foreach (ref readonly var entry in _values.AsSpan())
        {
            if (string.Equals(entry.Key, key, StringComparison.Ordinal))
                return entry.Value;
        }

        return null;
    }

    internal RequestContextData With(string key, object value)
    {
        var index = IndexOf(key);
        KeyValuePair<string, object>[] values;
        if (index >= 0)
        {
            values = (KeyValuePair<string, object>[])_values.Clone();
        }
        else
        {
            values = new KeyValuePair<string, object>[_values.Length + 1];
            _values.CopyTo(values, 0);
            index = _values.Length;
        }

        values[index] = new(key, value);
        return new RequestContextData(values, DeadlineMs, ReentrancyId);
    }

    /// <summary>Takes ownership of <paramref name="values"/>, whose keys are distinct.</summary>
    internal RequestContextData With(KeyValuePair<string, object>[] values)
    {
        if (_values.Length == 0) return new RequestContextData(values, DeadlineMs, ReentrancyId);
        var all = this;
        foreach (var (key, value) in values) all = all.With(key, value);
        return all;
    }

    /// <summary>Null when nothing is left to carry; the same instance when the key is unknown.</summary>
    internal RequestContextData? Without(string key)
    {
        var index = IndexOf(key);
        if (index < 0)
            return this;
        var values = new KeyValuePair<string, object>[_values.Length - 1];
        Array.Copy(_values, values, index);
        Array.Copy(_values, index + 1, values, index, values.Length - index);
        return Create(values, DeadlineMs, ReentrancyId);
    }

    /// <summary>Without the caller's values: the deadline and the call chain belong to the call and stay.</summary>
    internal RequestContextData? WithoutValues() => Create(null, DeadlineMs, ReentrancyId);

    internal RequestContextData? WithDeadline(long deadlineMs) => deadlineMs == DeadlineMs ? this : Create(_values, deadlineMs, ReentrancyId);

    internal RequestContextData? WithReentrancyId(Guid reentrancyId) => reentrancyId == ReentrancyId ? this : Create(_values, DeadlineMs, reentrancyId);

    private int IndexOf(string key)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            if (string.Equals(_values[i].Key, key, StringComparison.Ordinal))
                return i;
        }

        return -1;
    }
}
