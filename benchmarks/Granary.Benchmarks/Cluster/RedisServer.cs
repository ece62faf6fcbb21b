using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Granary.Benchmarks.Cluster;

/// <summary>A redis-server for one benchmark, which keeps nothing. It dies with this object.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly Process _process;
    private bool _isDisposed;

    private RedisServer(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    internal int Port { get; }

    internal string ConnectionString => $"127.0.0.1:{Port}";

    /// <exception cref="CannotMeasureException">There is no redis-server.</exception>
    internal static async Task<RedisServer> StartAsync()
    {
        var port = ChildProcess.FreePort();
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--loglevel", "warning" }) start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new CannotMeasureException($"There is no redis-server: {error.Message}. Debian and Ubuntu: apt-get install redis-server.");
        }

        process.BeginOutputReadLine();
        var server = new RedisServer(process, port);
        for (var attempt = 0; attempt < 500; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
                return server;
            }
            catch (SocketException)
            {
                await Task.Delay(10);
            }
        }

        server.Dispose();
        throw new CannotMeasureException("redis-server did not start.");
    }

    /// <summary>Sends its process a signal: STOP leaves its connections open and answers nobody, CONT lets it go on.</summary>
    internal void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
