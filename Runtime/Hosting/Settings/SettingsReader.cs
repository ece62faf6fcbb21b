using System.ComponentModel;
using System.Globalization;

namespace Granary.Hosting.Settings;

/// <summary>Compares what is configured with the settings there are: values that cannot be read, and names that nobody reads.</summary>
internal static class SettingsReader
{
    private const int MostUnknown = 50;

    /// <summary>Goes through everything below a section.</summary>
    /// <param name="configuration">The root of the configuration.</param>
    /// <param name="tree">The settings there are.</param>
    /// <param name="section">For example <c>Granary</c>.</param>
    internal static SettingsFindings Read(IConfiguration configuration, SettingsTree tree, string section)
    {
        var findings = new SettingsFindings();
        if (tree.Root.Find(section) is { } place) Walk(configuration.GetSection(section), place, findings);
        return findings;
    }

    private static void Walk(IConfigurationSection section, SettingsTree.Place place, SettingsFindings findings)
    {
        var children = section.GetChildren().ToList();
        if (place.Scalar is { } type)
        {
            if (children.Count > 0) findings.Wrong(section.Path, $"{section.Path} has settings below it, such as {children[0].Path}, but is a single value. Write {Expected(type, place.Default)}.", Text(place.Default));
            else if (Problem(section.Value, type) is { } problem) findings.Wrong(section.Path, $"{section.Path} is '{section.Value}'{problem}. Write {Expected(type, place.Default)}.", Text(place.Default));
            return;
        }

        // A value above settings is empty where there are none: {} and [] in JSON.
        if (children.Count == 0 && !string.IsNullOrEmpty(section.Value))
        {
            findings.Wrong(section.Path, place.IsList
                ? $"{section.Path} holds one value, but is a list. Write its first value as {section.Path}:0 (environment variable {Variable(section.Path)}__0)."
                : $"{section.Path} holds a value, but has settings below it: {string.Join(", ", place.Names.Take(5).Select(n => $"{section.Path}:{n}"))}.", null);
            return;
        }

        foreach (var child in children)
        {
            if (place.Find(child.Key) is { } known) Walk(child, known, findings);
            else if (findings.Unknown.Count < MostUnknown) findings.Unknown.Add(child.Path);
        }
    }

    private static string? Problem(string? text, Type type)
    {
        var isNullable = !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;
        if (string.IsNullOrEmpty(text) && isNullable) return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return null;
        try
        {
            var value = TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text ?? "");
            if (type.IsEnum && !type.IsDefined(typeof(FlagsAttribute), false) && !Enum.IsDefined(type, value!)) return "";

            // .NET reads a bare number as days, which nobody means.
            if (value is TimeSpan time && time != TimeSpan.Zero && !text!.Contains(':', StringComparison.Ordinal)) return $", which would be {time.TotalDays.ToString(CultureInfo.InvariantCulture)} days";
            return null;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or NotSupportedException or OverflowException or InvalidCastException)
        {
            return "";
        }
    }

    private static string Expected(Type type, object? value)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return string.Join(" or ", Enum.GetNames(type));
        if (type == typeof(bool)) return "true or false";
        var kind = type == typeof(TimeSpan) ? "a time as hours:minutes:seconds" : type == typeof(double) || type == typeof(float) || type == typeof(decimal) ? "a number" : type == typeof(string) ? "a text" : type == typeof(Uri) ? "an address" : "a whole number";
        var example = Text(value) is { Length: > 0 } text ? text : type == typeof(TimeSpan) ? "00:00:10" : null;
        return example is null ? kind : $"{kind}, for example {example}";
    }

    private static string? Text(object? value) => value switch
    {
        null => null,
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    internal static string Variable(string path) => path.Replace(":", "__", StringComparison.Ordinal);
}

/// <summary>What was found. Values are quoted only where they should have been a number, a time or the like: never texts, which may be secrets.</summary>
internal sealed class SettingsFindings
{
    /// <summary>Settings whose values cannot be read, with the default to go on with, and why.</summary>
    internal List<(string Path, string? Default)> Unreadable { get; } = [];

    /// <summary>What is wrong, in sentences.</summary>
    internal List<string> Faults { get; } = [];

    /// <summary>The paths of settings that nobody reads.</summary>
    internal List<string> Unknown { get; } = [];

    internal void Wrong(string path, string fault, string? instead)
    {
        Faults.Add(fault);
        Unreadable.Add((path, instead));
    }
}
