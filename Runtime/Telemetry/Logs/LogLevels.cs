using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Granary.Telemetry.Logs;

/// <summary>A log level set at run time.</summary>
/// <param name="Category">The categories that begin with it; <c>Default</c> for those that no setting names.</param>
/// <param name="Level">The least grave entries that are written.</param>
/// <param name="Until">When the configured levels hold again.</param>
/// <param name="By">Who set it.</param>
public sealed record LogLevelOverride(string Category, LogLevel Level, DateTimeOffset Until, string By);

/// <summary>
/// Log levels of this process that were set while it runs. They win over the configuration for every category they cover, whatever provider the configuration names, outlive its reloads, and expire.
/// An override covers the categories that begin with its own, in any case; of two that cover a category the longer one counts. Thread-safe.
/// </summary>
public sealed class LogLevels : IDisposable
{
    /// <summary>The category of everything that no other setting covers.</summary>
    public const string Default = "Default";

    /// <summary>Overrides that may stand at a time.</summary>
    public const int MaxOverrides = 100;

    /// <summary>Characters of a category or a name at most.</summary>
    public const int MaxLength = 256;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private Dictionary<string, LogLevelOverride> _overrides = new(StringComparer.OrdinalIgnoreCase);
    private CancellationTokenSource _changed = new();
    private bool _disposed;

    internal LogLevels(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static s => ((LogLevels)s!).Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The shortest and the longest time an override may last.</summary>
    public static (TimeSpan Least, TimeSpan Most) Lasting { get; } = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));

    /// <summary>The overrides that hold now, by category.</summary>
    public IReadOnlyList<LogLevelOverride> Current
    {
        get
        {
            var now = _time.GetUtcNow();
            lock (_lock) return [.. _overrides.Values.Where(o => o.Until > now).OrderBy(o => o.Category, StringComparer.Ordinal)];
        }
    }

    /// <summary>Sets a level for a time; replaces an override of the same category.</summary>
    /// <param name="category">What the categories begin with, for example <c>Granary.Engine</c>, or <see cref="Default"/>.</param>
    /// <param name="level">From <see cref="LogLevel.Trace"/> to <see cref="LogLevel.Critical"/>.</param>
    /// <param name="lasts">From a second to a day.</param>
    /// <param name="by">Who sets it, for people.</param>
    /// <exception cref="ArgumentException">An argument is not acceptable, or there are <see cref="MaxOverrides"/> already; the message says what to write.</exception>
    public LogLevelOverride Set(string category, LogLevel level, TimeSpan lasts, string by)
    {
        Check(category, nameof(category));
        Check(by, nameof(by));
        if (category.Contains('*', StringComparison.Ordinal)) throw new ArgumentException($"The category '{category}' has a '*'. Write what the categories begin with, for example Granary.Engine.", nameof(category));
        if (level is < LogLevel.Trace or > LogLevel.Critical) throw new ArgumentException($"The level is {level}. Write Trace, Debug, Information, Warning, Error or Critical.", nameof(level));
        if (lasts < Lasting.Least || lasts > Lasting.Most) throw new ArgumentException($"The level is to last {lasts}. Write from 1 second to 1 day.", nameof(lasts));

        var set = new LogLevelOverride(category, level, _time.GetUtcNow() + lasts, by);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_overrides.Count >= MaxOverrides && !_overrides.ContainsKey(category)) throw new ArgumentException($"{MaxOverrides} log levels are set already. Remove one, or set a shorter category that covers several.", nameof(category));
            _overrides = new(_overrides, StringComparer.OrdinalIgnoreCase) { [category] = set };
            Plan();
        }

        Signal();
        return set;
    }

    /// <summary>Lets the configuration hold again. False when there was no override of this category.</summary>
    public bool Remove(string category)
    {
        lock (_lock)
        {
            if (_disposed || !_overrides.ContainsKey(category)) return false;
            var rest = new Dictionary<string, LogLevelOverride>(_overrides, StringComparer.OrdinalIgnoreCase);
            rest.Remove(category);
            _overrides = rest;
            Plan();
        }

        Signal();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _timer.Dispose();
            _changed.Dispose();
        }
    }

    /// <summary>Fires once, at the next change.</summary>
    internal IChangeToken Changes()
    {
        lock (_lock) return _disposed ? new CancellationChangeToken(default) : new CancellationChangeToken(_changed.Token);
    }

    /// <summary>Puts the overrides into rules that were just read from the configuration.</summary>
    internal void Apply(LoggerFilterOptions filters)
    {
        // The shorter first: the longer of two takes away what the shorter one set for it.
        foreach (var set in Current.OrderBy(o => o.Category.Length))
        {
            var category = IsDefault(set.Category) ? null : set.Category;
            foreach (var covered in filters.Rules.Where(r => Covers(category, r.CategoryName)).ToArray()) filters.Rules.Remove(covered);

            // A rule of one provider wins over a rule of all, whatever their categories.
            foreach (var provider in filters.Rules.Select(r => r.ProviderName).Append(null).Distinct(StringComparer.Ordinal).ToArray()) filters.Rules.Add(new LoggerFilterRule(provider, category, set.Level, null));
        }
    }

    private static bool IsDefault(string category) => category.Equals(Default, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a rule is only for categories that begin with this one; the default covers the rules without a category.</summary>
    private static bool Covers(string? category, string? rule) =>
        category is null ? rule is null : rule is not null && rule.StartsWith(category, StringComparison.OrdinalIgnoreCase);

    private static void Check(string text, string name)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxLength || text.Any(char.IsControl)) throw new ArgumentException($"The {name} is empty, longer than {MaxLength} characters, or has control characters.", name);
    }

    private void Expire()
    {
        lock (_lock)
        {
            if (_disposed) return;
            var now = _time.GetUtcNow();
            _overrides = _overrides.Where(o => o.Value.Until > now).ToDictionary(StringComparer.OrdinalIgnoreCase);
            Plan();
        }

        Signal();
    }

    /// <summary>Wakes when the next override ends.</summary>
    private void Plan()
    {
        var next = _overrides.Count == 0 ? Timeout.InfiniteTimeSpan : _overrides.Values.Min(o => o.Until) - _time.GetUtcNow();
        _timer.Change(next == Timeout.InfiniteTimeSpan || next > TimeSpan.Zero ? next : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Signal()
    {
        CancellationTokenSource changed;
        lock (_lock)
        {
            if (_disposed) return;
            (changed, _changed) = (_changed, new CancellationTokenSource());
        }

        // Outside of the lock: every logger takes its new level here.
        changed.Cancel();
        changed.Dispose();
    }
}
