using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Granary.Benchmarks.Harness;

/// <summary>A process of ours that is measured; it dies with this object.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _errors = [];

    private ChildProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (_errors) _errors.Add(line.Data);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>When it was started, by <see cref="Stopwatch"/>.</summary>
    internal long StartedAt { get; private init; }

    internal int Id => _process.Id;

    /// <summary>User and system time so far.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    internal bool HasExited => _process.HasExited;

    internal StreamReader Output => _process.StandardOutput;

    internal StreamWriter Input => _process.StandardInput;

    /// <summary>The last lines of its error output, for the message of a failure.</summary>
    internal string Errors
    {
        get
        {
            lock (_errors) return string.Join('\n', _errors.TakeLast(20));
        }
    }

    /// <summary>Starts this program again in another role.</summary>
    internal static ChildProcess Self(params string[] arguments) => Start(Environment.ProcessPath!, [typeof(ChildProcess).Assembly.Location, .. arguments], []);

    /// <summary>Starts a host of the repository, published by <c>./bench</c>.</summary>
    /// <exception cref="CannotMeasureException">It is not published.</exception>
    internal static ChildProcess Host(string name, IEnumerable<KeyValuePair<string, string>> settings, params string[] arguments)
    {
        var assembly = Path.Combine(Repository(), name, "bin", "Release", "bench", $"{name}.dll");
        if (!File.Exists(assembly)) throw new CannotMeasureException($"{assembly} does not exist. Run ./bench, which publishes it.");
        var host = Start(Environment.ProcessPath!, [assembly, .. arguments], settings);
        _ = DiscardAsync(host.Output);
        return host;
    }

    /// <summary>Starts a program of another make.</summary>
    /// <exception cref="CannotMeasureException">It is not installed.</exception>
    internal static ChildProcess Program(string file, params string[] arguments)
    {
        try
        {
            var program = Start(file, arguments, []);
            _ = DiscardAsync(program.Output);
            return program;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CannotMeasureException($"{file} is not installed.");
        }
    }

    /// <summary>Resident memory, bytes; of the kernel's accounting.</summary>
    /// <exception cref="CannotMeasureException">This system does not tell.</exception>
    internal long ResidentBytes()
    {
        var path = $"/proc/{Id}/status";
        if (!File.Exists(path)) throw new CannotMeasureException("resident memory is read from /proc, which this system does not have.");
        var line = File.ReadLines(path).First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>kill -9; what is left of it goes with <see cref="Dispose"/>.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>A port that was free a moment ago.</summary>
    internal static int FreePort()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    public void Dispose()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(5000);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    /// <summary>What a host logs is not looked at, but a host whose output nobody reads stops at some point.</summary>
    private static async Task DiscardAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is not null)
        {
        }
    }

    private static ChildProcess Start(string file, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> settings)
    {
        // Where a program is installed: a host watches all folders below the one it is started in, and a repository has many.
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var (name, value) in settings) start.Environment[name] = value;
        var startedAt = Stopwatch.GetTimestamp();
        return new ChildProcess(Process.Start(start)!) { StartedAt = startedAt };
    }

    /// <summary>The repository that this program was built in.</summary>
    internal static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) return folder.FullName;
        }

        throw new CannotMeasureException($"there is no Cluster.sln above {AppContext.BaseDirectory}, so the hosts cannot be found.");
    }
}
