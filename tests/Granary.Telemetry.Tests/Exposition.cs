using System.Globalization;

namespace Granary.Tests;

/// <summary>A family of metrics as a scraper sees it.</summary>
internal sealed record ExposedFamily(string Name, string Type, string? Unit, string? Help, List<ExposedSample> Samples);

/// <summary>One line of a family.</summary>
internal sealed record ExposedSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value, ExposedExemplar? Exemplar);

/// <summary>What stands behind the <c>#</c> of a sample.</summary>
internal sealed record ExposedExemplar(IReadOnlyDictionary<string, string> Labels, double Value, double Timestamp);

/// <summary>
/// Reads Prometheus text 0.0.4 or OpenMetrics 1.0.0 and refuses, with the line, whatever the formats do not allow: unknown escapes, samples before or outside their family,
/// families in pieces, the same series twice, histograms whose buckets do not add up, units that the name does not end in, a missing end.
/// </summary>
internal sealed class Exposition
{
    private readonly bool _open;
    private readonly Dictionary<string, ExposedFamily> _families = new(StringComparer.Ordinal);
    private readonly HashSet<string> _series = new(StringComparer.Ordinal);
    private string _line = "";
    private int _at;

    private Exposition(bool open) => _open = open;

    public static IReadOnlyDictionary<string, ExposedFamily> Parse(string text, bool openMetrics)
    {
        var parser = new Exposition(openMetrics);
        parser.ParseAll(text);
        return parser._families;
    }

    private void ParseAll(string text)
    {
        if (text.Contains('\r', StringComparison.Ordinal)) throw Bad("a carriage return");
        if (!text.EndsWith('\n')) throw Bad("no line feed at the end");
        var lines = text[..^1].Split('\n');
        if (_open && lines[^1] != "# EOF") throw Bad("no # EOF");
        string? name = null, type = null, unit = null, help = null;
        ExposedFamily? family = null;
        for (var i = 0; i < (_open ? lines.Length - 1 : lines.Length); i++)
        {
            (_line, _at) = (lines[i], 0);
            if (_line.Length == 0) throw Bad("an empty line");
            if (_line[0] == '#')
            {
                var words = _line.Split(' ', 4);
                if (words.Length < 3 || words[0] != "#" || words[1] is not ("TYPE" or "UNIT" or "HELP")) throw Bad("a comment the formats do not know");
                if (words[2] != name || family is not null)
                {
                    (name, type, unit, help, family) = (words[2], null, null, null, null);
                    if (_families.ContainsKey(name)) throw Bad("a family in two pieces");
                }

                var value = words.Length == 4 ? words[3] : "";
                switch (words[1])
                {
                    case "TYPE" when type is null: type = value; break;
                    case "UNIT" when unit is null && _open: unit = value; break;
                    case "HELP" when help is null: help = Unescape(value, quotes: _open); break;
                    default: throw Bad($"{words[1]} twice, or not in this format");
                }

                continue;
            }

            if (name is null || type is null) throw Bad("a sample before its TYPE");
            if (family is null)
            {
                if (type is not ("counter" or "gauge" or "histogram") && !(_open && type == "info")) throw Bad("unknown type " + type);
                if (unit is not null && !name.EndsWith("_" + unit, StringComparison.Ordinal)) throw Bad("the name does not end in the unit");
                family = new ExposedFamily(name, type, unit, help, []);
                _families.Add(name, family);
            }

            family.Samples.Add(ParseSample(family));
        }

        foreach (var histogram in _families.Values.Where(f => f.Type == "histogram")) CheckHistogram(histogram);
    }

    private ExposedSample ParseSample(ExposedFamily family)
    {
        var name = Name();
        var allowed = (family.Type, _open) switch
        {
            ("counter", true) => [family.Name + "_total"],
            ("info", _) => [family.Name + "_info"],
            ("histogram", _) => [family.Name + "_bucket", family.Name + "_sum", family.Name + "_count"],
            _ => (string[])[family.Name],
        };
        if (!allowed.Contains(name)) throw Bad($"{name} is no sample of the {family.Type} {family.Name}");
        var labels = Peek() == '{' ? Labels() : new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!_series.Add(name + string.Join(',', labels.Select(l => $"{l.Key}={l.Value}")))) throw Bad("the same series twice");
        Expect(' ');
        var value = Number();
        if (family.Type == "counter" && value < 0) throw Bad("a counter below 0");
        ExposedExemplar? exemplar = null;
        if (_at < _line.Length)
        {
            if (!_open || !(name.EndsWith("_total", StringComparison.Ordinal) || name.EndsWith("_bucket", StringComparison.Ordinal))) throw Bad("something after the value");
            foreach (var c in " # ") Expect(c);
            var of = Labels();
            if (of.Sum(l => l.Key.Length + l.Value.Length) > 128) throw Bad("an exemplar of more than 128 characters");
            Expect(' ');
            var exemplarValue = Number();
            Expect(' ');
            exemplar = new ExposedExemplar(of, exemplarValue, Number());
            if (labels.TryGetValue("le", out var le) && exemplarValue > ParseNumber(le)) throw Bad("an exemplar above its bucket");
        }

        if (_at != _line.Length) throw Bad("something after the sample");
        return new ExposedSample(name, labels, value, exemplar);
    }

    private SortedDictionary<string, string> Labels()
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Expect('{');
        while (Peek() != '}')
        {
            if (labels.Count > 0) Expect(',');
            var name = Name();
            if (name.Contains(':', StringComparison.Ordinal)) throw Bad("a colon in a label");
            Expect('=');
            Expect('"');
            var start = _at;
            while (Peek() != '"') _at += Peek() == '\\' ? 2 : 1;
            if (!labels.TryAdd(name, Unescape(_line[start.._at], quotes: true))) throw Bad("the label twice: " + name);
            _at++;
        }

        _at++;
        return labels;
    }

    private string Name()
    {
        var start = _at;
        while (_at < _line.Length && (char.IsAsciiLetterOrDigit(_line[_at]) || _line[_at] is '_' or ':')) _at++;
        if (_at == start || char.IsAsciiDigit(_line[start])) throw Bad("a name is expected");
        return _line[start.._at];
    }

    private double Number()
    {
        var start = _at;
        while (_at < _line.Length && _line[_at] != ' ') _at++;
        return ParseNumber(_line[start.._at]);
    }

    private double ParseNumber(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ when double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value) => value,
        _ => throw Bad($"'{text}' is no number"),
    };

    private string Unescape(string text, bool quotes)
    {
        var result = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && quotes) throw Bad("a bare quote");
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            if (++i == text.Length) throw Bad("a lone backslash");
            result.Append(text[i] switch { '\\' => '\\', 'n' => '\n', '"' when quotes => '"', _ => throw Bad("an unknown escape") });
        }

        return result.ToString();
    }

    private void CheckHistogram(ExposedFamily family)
    {
        foreach (var series in family.Samples.GroupBy(s => string.Join(',', s.Labels.Where(l => l.Key != "le").Select(l => $"{l.Key}={l.Value}"))))
        {
            _line = $"{family.Name} {series.Key}";
            var buckets = series.Where(s => s.Name.EndsWith("_bucket", StringComparison.Ordinal)).ToList();
            if (buckets.Count == 0 || buckets[^1].Labels["le"] != "+Inf") throw Bad("no +Inf bucket at the end");
            if (buckets.Zip(buckets.Skip(1)).Any(p => ParseNumber(p.First.Labels["le"]) >= ParseNumber(p.Second.Labels["le"]) || p.First.Value > p.Second.Value)) throw Bad("buckets out of order");
            if (_open && buckets.Any(b => b.Labels["le"].All(char.IsAsciiDigit))) throw Bad("a bound that does not look like a float");
            if (series.Single(s => s.Name.EndsWith("_count", StringComparison.Ordinal)).Value != buckets[^1].Value) throw Bad("the count is not the last bucket");
            if (!series.Any(s => s.Name.EndsWith("_sum", StringComparison.Ordinal))) throw Bad("no sum");
        }
    }

    private char Peek() => _at < _line.Length ? _line[_at] : throw Bad("the line ends too early");

    private void Expect(char c)
    {
        if (Peek() != c) throw Bad($"'{c}' expected at {_at}");
        _at++;
    }

    private FormatException Bad(string what) => new($"{what}: {_line}");
}
