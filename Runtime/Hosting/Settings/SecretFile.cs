namespace Granary.Hosting.Settings;

/// <summary>Reads secrets that are mounted as files.</summary>
internal static class SecretFile
{
    /// <summary>A value, or what a file holds without the spaces and line ends around it; null, with a fault, when it cannot be told.</summary>
    /// <param name="setting">The path of the setting with the value; the file's is the same with <c>File</c> at its end.</param>
    /// <param name="value">The value, if it was given.</param>
    /// <param name="file">The file, if it was given.</param>
    /// <param name="faults">Where to say what is wrong. Neither value nor contents are quoted.</param>
    internal static string? Read(string setting, string? value, string? file, List<string> faults)
    {
        if (string.IsNullOrWhiteSpace(file)) return string.IsNullOrWhiteSpace(value) ? null : value;
        if (!string.IsNullOrWhiteSpace(value))
        {
            faults.Add($"Both {setting} and {setting}File are set. Keep one.");
            return null;
        }

        try
        {
            var text = File.ReadAllText(file).Trim();
            if (text.Length > 0) return text;
            faults.Add($"{setting}File is '{file}', which is empty. Put the value into that file.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            faults.Add($"{setting}File is '{file}', which cannot be read: {error.Message.TrimEnd('.')}. Write the path of a file that this process may read.");
        }

        return null;
    }
}
