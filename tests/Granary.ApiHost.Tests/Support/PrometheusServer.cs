using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Granary.Tests;

/// <summary>Debian's Prometheus, scraping as it does by default, every two seconds, and storing exemplars. It dies with the test.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly string _directory;
    private readonly Process _process;
    private readonly Task<string> _log;
    private readonly HttpClient _client;

    private PrometheusServer(string directory, Process process, int port)
    {
        _directory = directory;
        _process = process;
        _log = process.StandardError.ReadToEndAsync();
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <param name="jobs">Each with one target.</param>
    public static async Task<PrometheusServer> StartAsync(params (string Job, Uri Target, string? Token)[] jobs)
    {
        // Another process may take the port that was free a moment ago.
        for (var attempt = 0; ; attempt++)
        {
            var server = Start(jobs);
            try
            {
                await Until.HoldsAsync(server.IsReadyAsync, "Prometheus is ready");
                return server;
            }
            catch (InvalidOperationException) when (attempt < 3)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>The samples of an instant query.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, double Value)>> QueryAsync(string query)
    {
        var data = await AskAsync("query", "query=" + Uri.EscapeDataString(query));
        return [.. data.GetProperty("result").EnumerateArray().Select(r => (r.GetProperty("metric"), double.Parse(r.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)))];
    }

    /// <summary>The labels of the exemplars of the last hour that a query's series have.</summary>
    public async Task<IReadOnlyList<JsonElement>> ExemplarsAsync(string query)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var data = await AskAsync("query_exemplars", string.Create(CultureInfo.InvariantCulture, $"query={Uri.EscapeDataString(query)}&start={now - 3600}&end={now + 3600}"));
        return [.. data.EnumerateArray().SelectMany(s => s.GetProperty("exemplars").EnumerateArray()).Select(e => e.GetProperty("labels"))];
    }

    /// <summary>Runs promtool with a text as its input.</summary>
    /// <returns>The exit code and what it said.</returns>
    public static async Task<(int Code, string Said)> ToolAsync(string input, params string[] arguments)
    {
        var info = new ProcessStartInfo(Program("promtool"), arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var tool = Process.Start(info)!;
        var (output, errors) = (tool.StandardOutput.ReadToEndAsync(), tool.StandardError.ReadToEndAsync());
        await tool.StandardInput.WriteAsync(input);
        tool.StandardInput.Close();
        await tool.WaitForExitAsync();
        return (tool.ExitCode, await output + await errors);
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _client.Dispose();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static PrometheusServer Start((string Job, Uri Target, string? Token)[] jobs)
    {
        var directory = Directory.CreateTempSubdirectory("granary-prometheus-").FullName;
        var port = Ports.Free();
        var configuration = "global: { scrape_interval: 2s, scrape_timeout: 2s }\nscrape_configs:\n" + string.Concat(jobs.Select(j =>
            $"  - job_name: {j.Job}\n    static_configs: [ {{ targets: ['{j.Target.Authority}'] }} ]\n" + (j.Token is null ? "" : $"    authorization: {{ credentials: '{j.Token}' }}\n")));
        var file = Path.Combine(directory, "prometheus.yml");
        File.WriteAllText(file, configuration);
        var info = new ProcessStartInfo(
            Program("prometheus"),
            [$"--config.file={file}", $"--storage.tsdb.path={Path.Combine(directory, "data")}", $"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage", "--log.level=warn"])
        { UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = directory };
        return new PrometheusServer(directory, Process.Start(info)!, port);
    }

    private static string Program(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"This test needs {name} in the PATH. Debian and Ubuntu: apt-get install prometheus.");

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited) throw new InvalidOperationException("Prometheus ended: " + await _log);
        try
        {
            using var answer = await _client.GetAsync(new Uri("/-/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<JsonElement> AskAsync(string what, string query)
    {
        var text = await _client.GetStringAsync(new Uri($"/api/v1/{what}?{query}", UriKind.Relative));
        return JsonDocument.Parse(text).RootElement.GetProperty("data");
    }

    private void OnExit(object? sender, EventArgs e) => _process.Kill();
}
