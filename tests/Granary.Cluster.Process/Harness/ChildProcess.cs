using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Granary.Cluster.Harness;

/// <summary>A process that dies with this one, whose output is kept.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 4000;
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> _waiting = [];
    private readonly Task _reading;
    private bool _ended;
    private int? _disposedWith;

    private ChildProcess(string name, Process process)
    {
        Name = name;
        _process = process;
        Id = process.Id;
        Reaper.Add(Id);
        _reading = ReadAllAsync();
    }

    internal string Name { get; }

    internal int Id { get; }

    internal bool HasExited => _disposedWith is not null || _process.HasExited;

    /// <summary>Once it has ended; a process ended by a signal has 128 and more.</summary>
    internal int ExitCode => _disposedWith ?? _process.ExitCode;

    internal static ChildProcess Start(string name, IEnumerable<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var words = command.ToArray();
        var info = new ProcessStartInfo(words[0], words.Skip(1)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        // Nothing of this machine's environment says how a silo is configured.
        foreach (var key in info.Environment.Keys.Where(k => k.StartsWith("Granary__", StringComparison.Ordinal) || k.StartsWith("ASPNETCORE_", StringComparison.Ordinal)).ToList()) info.Environment.Remove(key);
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) info.Environment[key] = value;
        return new ChildProcess(name, Process.Start(info)!);
    }

    /// <summary>The first line, printed already or to come, that fits.</summary>
    /// <exception cref="TimeoutException">It did not come.</exception>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    internal async Task<string> LineAsync(Func<string, bool> wanted, TimeSpan within)
    {
        TaskCompletionSource<string> found;
        lock (_lock)
        {
            if (_lines.FirstOrDefault(wanted) is { } line) return line;
            if (_ended) throw new InvalidOperationException($"{Name} ended without the line.\n{Tail()}");
            found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(within);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{Name} did not print the line within {within}.\n{Tail()}", error);
        }
    }

    internal void Signal(Signal signal)
    {
        if (kill(Id, (int)signal) != 0 && !HasExited) throw new InvalidOperationException($"{Name} ({Id}) could not be sent {signal}: error {Marshal.GetLastPInvokeError()}.");
    }

    /// <exception cref="TimeoutException">It has not ended.</exception>
    internal async Task<int> ExitAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"{Name} ({Id}) did not end within {within}: {State()}.\n{Tail()}", error);
        }

        return _process.ExitCode;
    }

    /// <summary>Its last lines, for the message of a failure.</summary>
    internal string Tail(int lines = 60)
    {
        lock (_lock) return $"--- {Name} ({Id}{(HasExited ? $", ended with {ExitCode}" : "")})\n" + string.Join('\n', _lines.TakeLast(lines));
    }

    /// <summary>What the system says of it, for example "S (sleeping)"; "Z (zombie)" has ended and was not noticed.</summary>
    private string State()
    {
        try
        {
            return File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith("State:", StringComparison.Ordinal))[6..].Trim();
        }
        catch (IOException)
        {
            return "gone";
        }
    }

    /// <summary>
    /// Whether, now that it has been sent <see cref="Harness.Signal.Stop"/>, each of its threads was stopped within a call of the system: none was computing. True where the system does not say.
    /// Source: proc_pid_syscall(5).
    /// </summary>
    internal bool WasWaiting()
    {
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{Id}/task"))
        {
            string said;
            // The signal reaches a thread that runs on another processor a moment later.
            while ((said = SystemCall(thread)).StartsWith("running", StringComparison.Ordinal)) Thread.Yield();
            if (said.StartsWith("-1", StringComparison.Ordinal)) return false;
        }

        return true;
    }

    /// <summary>"running", "-1 .." outside of any call, or its number; empty when the thread is gone or the system does not say.</summary>
    private static string SystemCall(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "syscall"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    internal string[] Lines()
    {
        lock (_lock) return [.. _lines];
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposedWith is not null) return;
        if (!HasExited) Signal(Harness.Signal.Kill);
        await _process.WaitForExitAsync();
        Reaper.Remove(Id);
        await _reading;
        _disposedWith = _process.ExitCode;
        _process.Dispose();
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);

    private async Task ReadAllAsync()
    {
        await Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        lock (_lock)
        {
            _ended = true;
            foreach (var (_, waiting) in _waiting) waiting.TrySetException(new InvalidOperationException($"{Name} ended without the line.\n{Tail()}"));
        }
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            lock (_lock)
            {
                if (_lines.Count == KeptLines) _lines.Dequeue();
                _lines.Enqueue(line);
                foreach (var (_, found) in _waiting.Where(w => w.Wanted(line))) found.TrySetResult(line);
                _waiting.RemoveAll(w => w.Found.Task.IsCompleted);
            }
        }
    }
}

/// <summary>The signals that tests send, by their numbers on Linux.</summary>
internal enum Signal
{
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
