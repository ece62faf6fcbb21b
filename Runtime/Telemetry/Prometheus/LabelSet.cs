namespace Granary.Telemetry.Prometheus;

/// <summary>The labels of one series. Two tags whose names become the same label are one label with both values, joined by ';' (OpenTelemetry's rule).</summary>
internal sealed class LabelSet
{
    private readonly List<KeyValuePair<string, string>> _labels = [];

    internal int Count => _labels.Count;

    internal IReadOnlyList<KeyValuePair<string, string>> All => _labels;

    internal void Add(string name, string value)
    {
        for (var i = 0; i < _labels.Count; i++)
        {
            if (_labels[i].Key != name) continue;
            _labels[i] = new(name, $"{_labels[i].Value};{value}");
            return;
        }

        _labels.Add(new(name, value));
    }
}
