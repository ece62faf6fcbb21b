using Orleans.Core.Internal;

namespace Orleans.Runtime;

/// <summary>
/// Values that travel with calls: what a caller sets here, the grains it calls can get, and so on down the chain. Values flow one way; a
/// callee's changes do not come back. They live in the asynchronous flow (<see cref="AsyncLocal{T}"/>) and must be serializable to leave the process.
/// </summary>
public static class RequestContext
{
    private static readonly AsyncLocal<RequestContextData?> s_current = new();

    /// <summary>The whole context of the current flow; null when there is nothing in it.</summary>
    internal static RequestContextData? Current
    {
        get => s_current.Value;
        set
        {
            // Setting an AsyncLocal allocates, and most calls carry nothing.
            if (!ReferenceEquals(s_current.Value, value))
                s_current.Value = value;
        }
    }

    /// <summary>The id of the call chain which may re-enter the grains it passed; <see cref="Guid.Empty"/> when none may.</summary>
    public static Guid ReentrancyId
    {
        get => s_current.Value?.ReentrancyId ?? Guid.Empty;
        set
        {
            var before = s_current.Value;
            if (before is not null || value != Guid.Empty)
                Current = (before ?? RequestContextData.Empty).WithReentrancyId(value);
        }
    }

    public static IEnumerable<string> Keys => s_current.Value is { Count: > 0 } data ? Array.ConvertAll(data.Values.ToArray(), entry => entry.Key) : [];

    public static IEnumerable<KeyValuePair<string, object>> Entries => s_current.Value is { Count: > 0 } data ? data.Values.ToArray() : [];

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public static object? Get(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return s_current.Value?.Get(key);
    }

    /// <summary>Sets a value for the calls made from here on in this flow.</summary>
    public static void Set(string key, object value)
    {
        ArgumentNullException.ThrowIfNull(key);
        s_current.Value = (s_current.Value ?? RequestContextData.Empty).With(key, value);
    }

    /// <summary>Removes a value; false when there was none.</summary>
    public static bool Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var before = s_current.Value;
        if (before is null)
            return false;
        var after = before.Without(key);
        if (ReferenceEquals(before, after))
            return false;
        s_current.Value = after;
        return true;
    }

    /// <summary>Removes every value. The deadline of the current call stays: it is not the caller's to shed.</summary>
    public static void Clear() => Current = s_current.Value?.WithoutValues();

    /// <summary>
    /// Until disposed, calls made from here may call back into the grains they came through, also when those are not reentrant.
    /// </summary>
    public static ReentrancySection AllowCallChainReentrancy()
    {
        var original = ReentrancyId;
        return new ReentrancySection(original, original == Guid.Empty ? Guid.NewGuid() : original);
    }

    /// <summary>Until disposed, calls made from here may not re-enter.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

    /// <summary>A stretch of code with a reentrancy id of its own; disposing it restores the one before.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid _original;
        private readonly Guid _entered;
        private readonly ICallChainReentrantGrainContext? _grain;

        /// <summary>Enters the section. The grain whose turn this is counts its sections, so they may be nested.</summary>
        public ReentrancySection(Guid originalReentrancyId, Guid newReentrancyId)
        {
            _original = originalReentrancyId;
            _entered = newReentrancyId;
            ReentrancyId = newReentrancyId;
            if (newReentrancyId == Guid.Empty)
                return;
            _grain = ActivationScope.Running as ICallChainReentrantGrainContext;
            _grain?.OnEnterReentrantSection(newReentrancyId);
        }

        public void Dispose()
        {
            _grain?.OnExitReentrantSection(_entered);
            ReentrancyId = _original;
        }
    }
}
