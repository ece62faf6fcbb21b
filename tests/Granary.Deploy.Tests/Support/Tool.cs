using System.ComponentModel;
using System.Diagnostics;

namespace Granary.Deploy.Tests.Support;

/// <summary>Programs that others wrote and that judge what is here. <c>./test</c> installs their packages when it may.</summary>
internal static class Tool
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where to run it; the repository's root when null.</param>
    /// <param name="input">What it reads on its standard input.</param>
    internal static async Task<Said> RunAsync(string program, string[] arguments, string? folder = null, string? input = null, params (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Repository.Root };
        foreach (var (name, value) in environment) info.Environment[name] = value;
        using var process = Start(info);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            if (input is not null) await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(s_patience);
            return new Said(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts a program; says which package it is in when it is not there.</summary>
    internal static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"{info.FileName} is needed here and cannot be started ({error.Message}). As root './test' installs it; Debian's package is the one that .ci/deploy names.", error);
        }
    }
}

/// <summary>How a program ended, and what it printed.</summary>
internal sealed record Said(int Code, string Output, string Errors)
{
    public override string ToString() => $"It ended with {Code}.\n{Output}\n{Errors}";
}
