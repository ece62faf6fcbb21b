using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Granary.Deploy.Tests.Support;

/// <summary>A server that others wrote, run with a configuration of the repository. It dies with this object, and with the tests.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ConcurrentDictionary<int, Process> s_running = new();

    private readonly Process _process;
    private readonly StringBuilder _said = new();

    static Daemon() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in s_running.Values) process.Kill(entireProcessTree: true);
    };

    private Daemon(Process process)
    {
        _process = process;
        s_running[process.Id] = process;
        process.OutputDataReceived += Hear;
        process.ErrorDataReceived += Hear;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Starts a program and waits until it takes connections at a port.</summary>
    internal static async Task<Daemon> StartAsync(int port, string program, params string[] arguments)
    {
        var daemon = new Daemon(Tool.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true }));
        await daemon.UntilAsync(() => ConnectsAsync(port), $"{program} did not listen on port {port}");
        return daemon;
    }

    /// <summary>Waits for what must become true while the server runs.</summary>
    internal async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > s_patience) Assert.Fail($"{what}.\n{this}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        s_running.TryRemove(_process.Id, out _);
        _process.Dispose();
    }

    public override string ToString()
    {
        lock (_said) return _said.ToString();
    }

    private static async Task<bool> ConnectsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Hear(object sender, DataReceivedEventArgs e)
    {
        lock (_said) _said.AppendLine(e.Data);
    }
}
