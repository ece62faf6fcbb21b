using System.Diagnostics;
using System.Text;

namespace Granary.Samples.Tests.Docs;

/// <summary>A command that was run to its end.</summary>
internal sealed record Finished(int ExitCode, string Output)
{
    /// <summary>The output, if the command succeeded.</summary>
    public string Succeeded() => ExitCode == 0 ? Output : throw new InvalidOperationException($"The command ended with {ExitCode}:\n{Output}");
}

/// <summary>Runs commands as a reader of the documents would: in bash, in a folder.</summary>
internal static class Shell
{
    /// <summary>Runs a script; its standard output and error together are the result. It is ended after the bound.</summary>
    public static async Task<Finished> Run(string script, string folder, IReadOnlyDictionary<string, string>? variables = null, TimeSpan? bound = null)
    {
        using var process = Start(script, folder, variables);
        var output = new StringBuilder();
        process.OutputDataReceived += (_, e) => Append(output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(output, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var timeout = new CancellationTokenSource(bound ?? TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The command did not end:\n{script}\n{output}", e);
        }

        lock (output) return new Finished(process.ExitCode, output.ToString());
    }

    /// <summary>Starts a script with its output redirected.</summary>
    public static Process Start(string script, string folder, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo("bash", ["-c", script])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };

        // A build's nodes would outlive the test. The compiler's server does too, but it is the one that built the tests, and ends when nobody compiles.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment.Remove("ASPNETCORE_ENVIRONMENT");
        start.Environment.Remove("DOTNET_ENVIRONMENT");
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static void Append(StringBuilder output, string? line)
    {
        if (line is null) return;
        lock (output) output.Append(line).Append('\n');
    }
}
