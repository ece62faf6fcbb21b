using System.Globalization;

namespace Granary.Telemetry.Prometheus;

/// <summary>The text of a tag's value as a label.</summary>
internal static class LabelText
{
    /// <summary>Beyond this many characters a value is cut: labels are for grouping, and a long one is a mistake or an attack.</summary>
    internal const int MaxLength = 512;

    internal static string Of(object? value)
    {
        var text = value switch
        {
            null => "",
            string s => s,
            bool b => b ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
        return text.Length <= MaxLength ? text : text[..MaxLength];
    }
}
