using System.Text;

namespace Granary.Telemetry.Prometheus;

/// <summary>
/// Turns OpenTelemetry's names into Prometheus' (OpenTelemetry specification, "Prometheus and OpenMetrics compatibility"):
/// <c>rpc.server.duration</c> in <c>s</c> becomes <c>rpc_server_duration_seconds</c>.
/// </summary>
internal static class MetricName
{
    /// <summary>The family's name with its unit, without <c>_total</c>; and the unit in Prometheus' words, or null.</summary>
    internal static (string Name, string? Unit) Family(string name, string unit, bool isCounter, bool isGauge)
    {
        var sanitized = Sanitize(name, allowColon: true);
        if (isCounter && sanitized.EndsWith("_total", StringComparison.Ordinal)) sanitized = sanitized[..^"_total".Length];
        var word = Unit(unit, isGauge);
        if (word is not null && sanitized != word && !sanitized.EndsWith("_" + word, StringComparison.Ordinal)) sanitized += "_" + word;
        return (sanitized, word);
    }

    /// <summary>By what a value in this unit is divided for Prometheus, which wants base units: times are seconds there, whatever the instrument counts.</summary>
    internal static double Divisor(string unit) => unit switch { "ms" => 1e3, "us" => 1e6, "ns" => 1e9, _ => 1 };

    /// <summary>A label's name: letters, digits and underscores, not beginning with a digit.</summary>
    internal static string Label(string name) => Sanitize(name, allowColon: false);

    private static string Sanitize(string name, bool allowColon)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || (allowColon && c == ':'))
            {
                if (text.Length == 0 && char.IsAsciiDigit(c)) text.Append('_');
                text.Append(c);
            }
            else if (text.Length == 0 || text[^1] != '_')
            {
                text.Append('_');
            }
        }

        return text.Length == 0 ? "_" : text.ToString();
    }

    /// <summary>From UCUM, as OpenTelemetry writes units. Annotations such as <c>{request}</c> say what is counted and are no unit.</summary>
    private static string? Unit(string unit, bool isGauge)
    {
        var annotation = unit.IndexOf('{', StringComparison.Ordinal);
        if (annotation >= 0) unit = unit[..annotation];
        if (unit.Length == 0) return null;
        if (unit == "1") return isGauge ? "ratio" : null;
        var slash = unit.IndexOf('/', StringComparison.Ordinal);
        var word = slash < 0 ? Word(unit) : $"{Word(unit[..slash])}_per_{PerWord(unit[(slash + 1)..])}";
        word = Sanitize(word, allowColon: false).Trim('_');
        return word.Length == 0 ? null : word;
    }

    private static string Word(string unit) => unit switch
    {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" or "ms" or "us" or "ns" => "seconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        _ => unit,
    };

    private static string PerWord(string unit) => unit switch
    {
        "s" => "second",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        _ => unit,
    };
}
