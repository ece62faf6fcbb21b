using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Granary.Tests;

/// <summary>ApiHost or Silo as a person would start it: a process of its own, known by what it prints. It dies with this object, and with the tests.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly ConcurrentDictionary<int, Process> s_running = new();

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> _waiting = [];
    private bool _ended;

    static HostProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in s_running.Values) process.Kill(entireProcessTree: true);
    };

    private HostProcess(Process process)
    {
        _process = process;
        s_running[process.Id] = process;
        Output = ReadAsync(process.StandardOutput);
        Errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Completes when the process has closed its output.</summary>
    public Task Output { get; }

    /// <summary>Everything written to the standard error output, once that has ended.</summary>
    public Task<string> Errors { get; }

    public string[] Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    /// <summary>Starts a host; nothing of this machine's environment says how it is configured.</summary>
    /// <param name="program">ApiHost or Silo.</param>
    /// <param name="environment">Development or Production.</param>
    /// <param name="settings"><c>Granary:Mode=Client</c> and the like; they are given as environment variables. What begins with <c>--</c> is an argument.</param>
    public static HostProcess Start(string program, string environment, params string[] settings)
    {
        var path = typeof(HostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == program).Value!;
        var info = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || k.StartsWith("Granary__", StringComparison.Ordinal) || k == "DOTNET_ENVIRONMENT").ToList())
            info.Environment.Remove(name);
        info.Environment["ASPNETCORE_ENVIRONMENT"] = environment;

        // A busy machine is no reason to fail, unless a test says so.
        info.Environment["Granary__Engine__OverloadQueueDelay"] = "00:00:00";
        if (program == "ApiHost") info.Environment["Granary__Shedding__Enabled"] = "false";
        foreach (var setting in settings.Where(s => !s.StartsWith("--", StringComparison.Ordinal)))
        {
            var parts = setting.Split('=', 2);
            info.Environment[parts[0].Replace(":", "__", StringComparison.Ordinal)] = parts[1];
        }

        info.ArgumentList.Add(path);
        foreach (var argument in settings.Where(s => s.StartsWith("--", StringComparison.Ordinal))) info.ArgumentList.Add(argument);
        if (!settings.Any(s => s.StartsWith("Urls=", StringComparison.Ordinal)))
        {
            info.ArgumentList.Add("--urls");
            info.ArgumentList.Add("http://127.0.0.1:0");
        }

        return new HostProcess(Process.Start(info)!);
    }

    /// <summary>The first line, printed already or to come, that fits.</summary>
    public async Task<string> LineAsync(Func<string, bool> wanted)
    {
        TaskCompletionSource<string> found;
        lock (_lock)
        {
            if (_lines.Find(l => wanted(l)) is { } line) return line;
            if (_ended) throw new InvalidOperationException("The process ended without the line." + Everything());
            found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(s_patience);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException("The line did not come." + Everything(), error);
        }
    }

    /// <summary>Where the host serves, from the line that says so in whatever form the log has.</summary>
    public async Task<Uri> AddressAsync()
    {
        var line = await LineAsync(l => AddressLine().IsMatch(l));
        return new Uri(AddressLine().Match(line).Groups["address"].Value);
    }

    /// <summary>Asks the process to stop, as init systems and containers do.</summary>
    public void Terminate()
    {
        if (kill(_process.Id, Sigterm) != 0) throw new InvalidOperationException("kill failed");
    }

    /// <summary>As if the machine had died.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>The exit code, once the process has ended.</summary>
    public async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException("The process did not end." + Everything(), error);
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Kill();
        await _process.WaitForExitAsync();
        s_running.TryRemove(_process.Id, out _);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            List<TaskCompletionSource<string>> found;
            lock (_lock)
            {
                _lines.Add(line);
                found = [.. _waiting.Where(w => w.Wanted(line)).Select(w => w.Found)];
                _waiting.RemoveAll(w => w.Wanted(line));
            }

            foreach (var waiting in found) waiting.TrySetResult(line);
        }

        lock (_lock)
        {
            _ended = true;
            foreach (var (_, waiting) in _waiting) waiting.TrySetException(new InvalidOperationException("The process ended without the line." + Everything()));
        }
    }

    private string Everything()
    {
        lock (_lock) return $" It printed:\n{string.Join('\n', _lines)}\n{(Errors.IsCompletedSuccessfully ? Errors.Result : "")}";
    }

    [GeneratedRegex(@"(?:Granary serves|Now listening on:?) (?<address>http://[^\s""]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AddressLine();

    [DllImport("libc")]
    private static extern int kill(int pid, int signal);
}
