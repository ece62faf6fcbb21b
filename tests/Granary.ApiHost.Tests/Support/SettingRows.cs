using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Place = Granary.Hosting.Settings.SettingsTree.Place;

namespace Granary.Tests;

/// <summary>A row of the page of settings.</summary>
/// <param name="Path">The setting.</param>
/// <param name="Default">Its default, or none.</param>
/// <param name="What">What the class says of it.</param>
internal sealed record SettingRow(string Path, string Default, string What)
{
    public override string ToString() => $"| `{Path}` | {Default} | {What} |";
}

/// <summary>Reads the rows from the options classes and the documentation the compiler keeps beside their assemblies.</summary>
internal sealed partial class SettingRows
{
    private readonly Dictionary<string, XElement> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, string> _seen = [];
    private readonly List<SettingRow> _rows = [];

    internal IReadOnlyList<SettingRow> Rows => _rows;

    internal SettingRows Add(string section, Type options)
    {
        Walk(section, options, Activator.CreateInstance(options, nonPublic: true)!);
        return this;
    }

    private void Walk(string path, Type type, object? instance)
    {
        foreach (var property in Place.Properties(type))
        {
            var name = $"{path}:{property.Name}";
            var value = instance is null ? null : property.GetValue(instance);
            var what = Summary(property);
            if (Place.IsScalar(property.PropertyType)) _rows.Add(new SettingRow(name, Text(value), what));
            else if (Place.ElementOf(property.PropertyType) is { } element) Walk(name, element, Place.IsDictionary(property.PropertyType) ? "{name}" : "{n}", value, what);
            else
            {
                // A group that may be absent as a whole.
                if (value is null) _rows.Add(new SettingRow(name, "none", what));
                Walk(name, property.PropertyType, value ?? Activator.CreateInstance(property.PropertyType));
            }
        }
    }

    private void Walk(string name, Type element, string place, object? value, string what)
    {
        var values = value is IEnumerable list and not IDictionary ? list.Cast<object>().Select(Text).ToArray() : [];
        var shown = values.Length == 0 ? "none" : string.Join(", ", values);
        if (Place.IsScalar(element))
        {
            _rows.Add(new SettingRow(name, shown, what));
            return;
        }

        // The same settings are listed once.
        if (_seen.TryGetValue(element, out var before))
        {
            _rows.Add(new SettingRow(name, shown, $"{what} Each has the settings of `{before}`."));
            return;
        }

        _rows.Add(new SettingRow(name, shown, what));
        _seen.Add(element, $"{name}:{place}");
        Walk($"{name}:{place}", element, Activator.CreateInstance(element, nonPublic: true));
    }

    private static string Text(object? value) => value switch
    {
        null or "" => "none",
        bool flag => flag ? "`true`" : "`false`",
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    private string Summary(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        var assembly = type.Assembly.GetName().Name!;
        if (!_members.ContainsKey(assembly))
        {
            var file = XDocument.Load(Path.Combine(AppContext.BaseDirectory, assembly + ".xml"));
            foreach (var member in file.Descendants("member")) _members[member.Attribute("name")!.Value] = member;
            _members[assembly] = file.Root!;
        }

        var summary = _members.GetValueOrDefault($"P:{type.FullName}.{property.Name}")?.Element("summary")
            ?? throw new InvalidOperationException($"{type.Name}.{property.Name} has no <summary>, which docs/configuration.md is made of.");
        var text = Space().Replace(string.Concat(summary.Nodes().Select(n => Markdown(n, type))), " ").Trim();

        // It has a column of its own.
        return DefaultToo().Replace(text, "").Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static string Markdown(XNode node, Type type) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see when see.Attribute("cref") is { } cref => $"`{Name(cref.Value, type)}`",
        XElement other => string.Concat(other.Nodes().Select(n => Markdown(n, type))),
        _ => "",
    };

    // P:Granary.Gateway.TlsOptions.CertificateFile is CertificateFile within its own class, and TlsOptions:CertificateFile from elsewhere.
    private static string Name(string cref, Type type)
    {
        var parts = cref[2..].Split('(')[0].Split('.');
        return cref[0] is 'T' || cref[2..].StartsWith(type.FullName + ".", StringComparison.Ordinal) ? parts[^1] : $"{parts[^2].Replace("Options", "", StringComparison.Ordinal)}:{parts[^1]}";
    }

    [GeneratedRegex(@"; the default is [^;]*?(?=\.( |$)|;)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex DefaultToo();

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Space();
}
