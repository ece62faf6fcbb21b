using Granary.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Engine.Hosting;

/// <summary>Reads <see cref="EngineOptions.ClusterSecretFile"/> into <see cref="EngineOptions.ClusterSecret"/>, and checks what a process proves and tells others about itself. No message quotes the secret.</summary>
internal sealed class SiloIdentityOptions : IPostConfigureOptions<EngineOptions>, IValidateOptions<EngineOptions>
{
    private const string Section = EngineOptions.Section;

    public void PostConfigure(string? name, EngineOptions options)
    {
        // What is wrong with the file is told by the validation.
        if (!string.IsNullOrEmpty(options.ClusterSecretFile) && string.IsNullOrEmpty(options.ClusterSecret)) options.ClusterSecret = Read(options.ClusterSecretFile, out _);
    }

    public ValidateOptionsResult Validate(string? name, EngineOptions options)
    {
        List<string> wrong = [];
        if (!string.IsNullOrEmpty(options.ClusterSecretFile))
        {
            var secret = Read(options.ClusterSecretFile, out var problem);
            if (problem is not null) wrong.Add($"{Section}:ClusterSecretFile is '{options.ClusterSecretFile}', which cannot be read: {problem.TrimEnd('.')}. Write the path of a file that holds the cluster's secret, for example /run/secrets/granary.");
            else if (secret is null) wrong.Add($"{Section}:ClusterSecretFile is '{options.ClusterSecretFile}', which is empty. Put the cluster's secret into it, for example the output of 'openssl rand -hex 32'.");
            else if (secret != options.ClusterSecret) wrong.Add($"{Section} has both a ClusterSecret and a ClusterSecretFile, and they differ. Keep one.");
        }

        if (options.Weight is < 0 or > 1000) wrong.Add($"{Section}:Weight is {options.Weight}. Write 0 (no work by discovery) to 1000; 100 is usual.");
        foreach (var (protocol, address) in options.Endpoints)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out _)) wrong.Add($"{Section}:Endpoints:{protocol} is '{address}'. Write an address that others can reach, for example http://10.0.0.5:8081.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static string? Read(string path, out string? problem)
    {
        problem = null;
        try
        {
            var text = File.ReadAllText(path).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = error.Message;
            return null;
        }
    }
}
