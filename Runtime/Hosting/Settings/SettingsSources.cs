using System.Collections;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace Granary.Hosting.Settings;

/// <summary>
/// Where settings come from besides .NET's own sources: environment variables in the form that shells and orchestrators expect (<c>GRANARY_REDIS__CONNECTIONSTRING</c> is <c>Granary:Redis:ConnectionString</c>), and a
/// directory with a file for each secret, as Kubernetes and Docker mount them (<c>Granary__Authentication__Key</c>). Both stand after .NET's environment variables and before the command line.
/// </summary>
internal static class SettingsSources
{
    private const string Prefix = "GRANARY_";

    /// <summary>The directory of secrets.</summary>
    private const string Secrets = "Granary:SecretsDirectory";

    /// <summary>What the command line tool and the repository's own tools read; no settings of a host.</summary>
    private static readonly HashSet<string> s_ofTools = new(StringComparer.OrdinalIgnoreCase) { "GRANARY_URL", "GRANARY_TOKEN", "GRANARY_KEY", "GRANARY_WRITE_DOCS" };

    /// <summary>Adds them. Call it before anything reads the configuration.</summary>
    /// <exception cref="InvalidOperationException">The directory of secrets is not there, or cannot be read.</exception>
    internal static void AddSettingsSources(this WebApplicationBuilder builder)
    {
        var sources = builder.Configuration.Sources;
        var place = sources.ToList().FindLastIndex(s => s is EnvironmentVariablesConfigurationSource) + 1;
        sources.Insert(place, new OwnVariables());
        if (builder.Configuration[Secrets] is not { Length: > 0 } directory) return;
        var problem = Problem(directory);
        if (problem is not null) throw new InvalidOperationException($"{Secrets} is '{directory}', which {problem}. Name the directory that holds a file for each secret, for example one named Granary__Authentication__Key, or leave {Secrets} out.");
        var files = new ConfigurationBuilder().AddKeyPerFile(Path.GetFullPath(directory), optional: false, reloadOnChange: true).Sources.Single();
        sources.Insert(place + 1, files);
    }

    private static string? Problem(string directory)
    {
        try
        {
            return Directory.Exists(directory) ? Directory.EnumerateFiles(directory).Any() ? null : "holds no file" : "is no directory";
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            return "cannot be read";
        }
    }

    private sealed class OwnVariables : ConfigurationProvider, IConfigurationSource
    {
        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

        public override void Load()
        {
            foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            {
                // GRANARY__X is .NET's own form.
                if (variable.Key is not string name || !name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || name.Length == Prefix.Length || name[Prefix.Length] == '_' || s_ofTools.Contains(name)) continue;
                Data["Granary:" + name[Prefix.Length..].Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)] = (string?)variable.Value;
            }
        }
    }
}
