using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Granary.Tests;

namespace Granary.Cli.Tests;

/// <summary>The program as a person runs it: a process of its own.</summary>
internal sealed class Tool : IAsyncDisposable
{
    private const int Sigint = 2;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private Tool(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public StreamWriter Input => _process.StandardInput;

    /// <param name="host">Which host it knows by its environment, with that host's token; none for null.</param>
    /// <param name="environment">Further variables, <c>name=value</c>.</param>
    /// <param name="arguments">The command line.</param>
    public static Tool Start(DevelopmentHost? host, string[] environment, params string[] arguments)
    {
        var path = typeof(Tool).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Cli").Value!;
        var info = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("GRANARY_", StringComparison.Ordinal)).ToList()) info.Environment.Remove(name);
        if (host is not null)
        {
            info.Environment["GRANARY_URL"] = host.Address.ToString();
            info.Environment["GRANARY_TOKEN"] = host.Token;
        }

        foreach (var variable in environment)
        {
            var parts = variable.Split('=', 2);
            info.Environment[parts[0]] = parts[1];
        }

        info.ArgumentList.Add(path);
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        return new Tool(Process.Start(info)!);
    }

    /// <summary>Runs to the end, with nothing on the standard input.</summary>
    public static async Task<Ended> RunAsync(DevelopmentHost? host, params string[] arguments)
    {
        await using var tool = Start(host, [], arguments);
        tool.Input.Close();
        return await tool.EndAsync();
    }

    public async Task<string?> LineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience);

    /// <summary>What Ctrl-C does.</summary>
    public void Interrupt() => Assert.Equal(0, kill(_process.Id, Sigint));

    public async Task<Ended> EndAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        var output = await _process.StandardOutput.ReadToEndAsync(patience.Token);
        await _process.WaitForExitAsync(patience.Token);
        return new Ended(_process.ExitCode, output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}

/// <summary>How the program ended.</summary>
internal sealed record Ended(int Code, string Output, string Errors)
{
    /// <summary>Its output, when it ended as it should.</summary>
    public string Of(int code)
    {
        Assert.True(Code == code, $"{Code}: {Output}{Errors}");
        return Output;
    }
}
