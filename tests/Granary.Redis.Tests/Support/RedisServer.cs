using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Granary.Redis.Tests.Support;

/// <summary>A redis-server of a test's own, on a free port, with nothing kept unless asked. It dies with the test.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly Lazy<string> s_program = new(FindOrInstall);

    private readonly string _directory = Directory.CreateTempSubdirectory("granary-redis-").FullName;
    private readonly string[] _arguments;
    private Process? _process;

    private RedisServer(string[] arguments) => _arguments = arguments;

    public int Port { get; private set; }

    public string Address => $"127.0.0.1:{Port}";

    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer(arguments);
        // Another process may take the port that was free a moment ago.
        for (var attempt = 0; ; attempt++)
        {
            server.Port = FreePort();
            try
            {
                await server.RunAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
            }
        }
    }

    /// <summary>Runs it (again) on its port, with the data it has kept, if any.</summary>
    public async Task RunAsync()
    {
        var start = new ProcessStartInfo(s_program.Value) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] own = ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--dir", _directory, "--daemonize", "no"];
        foreach (var argument in own.Concat(_arguments)) start.ArgumentList.Add(argument);
        var output = new StringBuilder();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) =>
        {
            lock (output) output.AppendLine(e.Data);
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var deadline = Environment.TickCount64 + 20_000;
        while (Environment.TickCount64 < deadline && !_process.HasExited)
        {
            if (await AnswersAsync()) return;
            await Task.Delay(20);
        }

        await StopAsync();
        lock (output) throw new InvalidOperationException($"redis-server did not start on port {Port}: {output}");
    }

    public async Task StopAsync()
    {
        if (_process is null) return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops the process without ending it: connections stay open and nobody answers.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Sends one command over a connection of its own and gives the answer as text.</summary>
    public async Task<string> SendAsync(params string[] command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        var stream = client.GetStream();
        var request = new StringBuilder($"*{command.Length}\r\n");
        foreach (var part in command) request.Append($"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToString()));
        var buffer = new byte[64 * 1024];
        var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) Signal("CONT");
        await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            var answer = await SendAsync("PING");
            return answer.StartsWith("+PONG", StringComparison.Ordinal) || answer.StartsWith("-NOAUTH", StringComparison.Ordinal) || answer.StartsWith("-NOPERM", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    private static string FindOrInstall()
    {
        if (Find() is { } found) return found;
        if (Environment.UserName == "root" && File.Exists("/usr/bin/apt-get"))
        {
            // As ./test does, for those who run this project alone. The package starts a service that nobody asked for.
            using var install = Process.Start("/bin/sh", ["-c", "(apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server; service redis-server stop) >/dev/null 2>&1"]);
            install.WaitForExit(TimeSpan.FromMinutes(3));
        }

        return Find() ?? throw new InvalidOperationException("These tests need redis-server 6.2 or later in the PATH. Debian and Ubuntu: apt-get install redis-server.");
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(d => Path.Combine(d, "redis-server")).FirstOrDefault(File.Exists);
}
