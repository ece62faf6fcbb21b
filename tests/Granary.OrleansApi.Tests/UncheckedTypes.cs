namespace Granary.OrleansApi.Tests;

/// <summary>The types which official Orleans has in assemblies that cannot be read here; written from its API reference.</summary>
internal static class UncheckedTypes
{
    /// <summary>Type to official assembly.</summary>
    public static IReadOnlyDictionary<string, string> Listed { get; } = Read();

    private static Dictionary<string, string> Read()
    {
        using var reader = new StreamReader(typeof(UncheckedTypes).Assembly.GetManifestResourceStream("unchecked-types.txt")!);
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith('#'))
                continue;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            types.Add(line[(colon + 1)..].Trim(), line[..colon].Trim());
        }

        return types;
    }
}
