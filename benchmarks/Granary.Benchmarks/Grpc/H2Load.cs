using System.Diagnostics;
using System.Globalization;
using Granary.Benchmarks.Http;

namespace Granary.Benchmarks.Grpc;

/// <summary>Sends one HTTP/2 request over and over with <c>h2load</c> (Debian: nghttp2-client).</summary>
internal static class H2Load
{
    internal const int Connections = 8;
    internal const int Streams = 16;

    /// <param name="port">On loopback, HTTP/2 without TLS.</param>
    /// <param name="path">What is called.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="headers">The request's headers, <c>name: value</c>.</param>
    /// <param name="time">For how long, at least a second.</param>
    /// <param name="streams">How many requests are under way on each connection.</param>
    /// <exception cref="CannotMeasureException">h2load is not installed, or some answers were not 200.</exception>
    internal static async Task<LoadResult> RunAsync(int port, string path, byte[] body, string[] headers, TimeSpan time, int streams = Streams)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, body);
            var seconds = Math.Max(1, (int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            string[] arguments = ["-t1", $"-c{Connections}", $"-m{streams}", "-D", seconds, "-d", file, .. headers.SelectMany(h => new[] { "-H", h }), $"http://127.0.0.1:{port}{path}"];
            using var load = Start(arguments);
            var output = await load.StandardOutput.ReadToEndAsync();
            await load.WaitForExitAsync();
            return Read(output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("h2load", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CannotMeasureException("h2load is not installed; on Debian: apt-get install nghttp2-client");
        }
    }

    private static LoadResult Read(string output)
    {
        double rate = 0, mean = 0;
        long succeeded = 0;
        foreach (var line in output.Split('\n'))
        {
            var words = line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["finished", "in", _, var value, "req/s", ..]:
                    rate = double.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case ["requests:", ..]:
                    // ".. N done, N succeeded, N failed, N errored, N timeout"; what is under way at the end is not counted among them.
                    succeeded = long.Parse(words[Array.IndexOf(words, "succeeded") - 1], CultureInfo.InvariantCulture);
                    if (words[Array.IndexOf(words, "done") - 1] != words[Array.IndexOf(words, "succeeded") - 1]) throw new CannotMeasureException($"The load did not succeed: {line.Trim()}");
                    break;
                case ["time", "for", "request:", _, _, var value, ..]:
                    mean = value switch
                    {
                        [.. var number, 'u', 's'] => double.Parse(number, CultureInfo.InvariantCulture),
                        [.. var number, 'm', 's'] => double.Parse(number, CultureInfo.InvariantCulture) * 1e3,
                        [.. var number, 's'] => double.Parse(number, CultureInfo.InvariantCulture) * 1e6,
                        _ => 0,
                    };
                    break;
            }
        }

        // h2load tells the mean, and no percentiles.
        return rate > 0 && succeeded > 0 ? new LoadResult(rate, mean, 0, succeeded) : throw new CannotMeasureException($"h2load measured nothing:\n{output}");
    }
}
