using System.Diagnostics;
using System.Globalization;

namespace Granary.Benchmarks.Http;

/// <summary>What a load generator saw.</summary>
/// <param name="RequestsPerSecond">Answers of status 200, a second.</param>
/// <param name="MedianMicroseconds">Half of the answers came within this; 0 when not measured.</param>
/// <param name="P99Microseconds">99 of 100 answers came within this; 0 when not measured.</param>
/// <param name="Requests">How many answers.</param>
internal readonly record struct LoadResult(double RequestsPerSecond, double MedianMicroseconds, double P99Microseconds, long Requests);

/// <summary>Sends one request over and over on several connections, each with one request outstanding: with <c>wrk</c> where it is installed, else from this process.</summary>
internal static class HttpLoad
{
    internal const int Connections = 64;

    private static readonly bool s_hasWrk = Find("wrk");

    internal static string Generator => s_hasWrk ? "wrk" : "built-in client";

    /// <exception cref="InvalidOperationException">Some answers were not 200.</exception>
    internal static Task<LoadResult> RunAsync(int port, string path, string body, string? token, TimeSpan time) =>
        s_hasWrk ? WrkAsync(port, path, body, token, time) : ClosedLoop.RunAsync(port, path, body, token, Connections, time);

    private static async Task<LoadResult> WrkAsync(int port, string path, string body, string? token, TimeSpan time)
    {
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, $"""
                wrk.method = "POST"
                wrk.body = '{body}'
                wrk.headers["Content-Type"] = "application/json"
                {(token is null ? "" : $"wrk.headers[\"Authorization\"] = \"Bearer {token}\"")}
                """);
            var seconds = Math.Max(1, (int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            var connections = Connections.ToString(CultureInfo.InvariantCulture);
            string[] arguments = ["-t1", "-c", connections, "-d", $"{seconds}s", "--latency", "-s", script, $"http://127.0.0.1:{port}{path}"];
            using var wrk = Process.Start(new ProcessStartInfo("wrk", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var output = await wrk.StandardOutput.ReadToEndAsync();
            await wrk.WaitForExitAsync();
            return Read(output);
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static LoadResult Read(string output)
    {
        double rate = 0, median = 0, p99 = 0;
        var requests = 0L;
        foreach (var line in output.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["Requests/sec:", var value]:
                    rate = double.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case ["50%", var value]:
                    median = Microseconds(value);
                    break;
                case ["99%", var value]:
                    p99 = Microseconds(value);
                    break;
                case [var count, "requests", "in", ..]:
                    requests = long.Parse(count, CultureInfo.InvariantCulture);
                    break;
                case ["Non-2xx", ..]:
                case ["Socket", "errors:", ..]:
                    throw new InvalidOperationException($"The load did not succeed: {line.Trim()}");
            }
        }

        return rate > 0 ? new LoadResult(rate, median, p99, requests) : throw new InvalidOperationException($"wrk measured nothing:\n{output}");
    }

    private static double Microseconds(string text) => text switch
    {
        [.. var number, 'u', 's'] => double.Parse(number, CultureInfo.InvariantCulture),
        [.. var number, 'm', 's'] => double.Parse(number, CultureInfo.InvariantCulture) * 1e3,
        [.. var number, 's'] => double.Parse(number, CultureInfo.InvariantCulture) * 1e6,
        _ => 0,
    };

    private static bool Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
