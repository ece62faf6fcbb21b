using System.Globalization;

namespace Granary.Gateway.Deadlines;

/// <summary>A time as callers write it, in the header <c>Request-Timeout</c> and in queries: a number of seconds, or a number with <c>ms</c>, <c>s</c> or <c>m</c>.</summary>
public static class TimeoutText
{
    /// <summary>The form in words, for messages.</summary>
    public const string Accepted = "a number of seconds, or a number with ms, s or m, for example 2.5 or 500ms, greater than 0";

    /// <summary>Reads a time of at least 1 ms.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan time)
    {
        time = default;
        text = text.Trim();
        var unit = 1.0;
        if (text.EndsWith("ms", StringComparison.Ordinal))
        {
            unit = 0.001;
            text = text[..^2];
        }
        else if (text.EndsWith("s", StringComparison.Ordinal))
        {
            text = text[..^1];
        }
        else if (text.EndsWith("m", StringComparison.Ordinal))
        {
            unit = 60;
            text = text[..^1];
        }

        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        var seconds = number * unit;
        if (!(seconds > 0) || !double.IsFinite(seconds)) return false;

        // A longer wish than can be counted is the maximum anyway.
        time = seconds > 1e9 ? TimeSpan.FromDays(10_000) : TimeSpan.FromSeconds(Math.Max(seconds, 0.001));
        return true;
    }
}
