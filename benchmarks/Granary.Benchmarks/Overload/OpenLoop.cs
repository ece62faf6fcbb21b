using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Granary.Benchmarks.Overload;

/// <summary>What became of the calls of one run.</summary>
/// <param name="Offered">Calls a second that were due.</param>
/// <param name="Goodput">Calls a second that succeeded within their deadline, from when they were due.</param>
/// <param name="Refused">Calls a second that were refused.</param>
/// <param name="P50">Milliseconds from when they were due, of those that succeeded.</param>
/// <param name="P99">The same.</param>
internal readonly record struct OpenLoopResult(double Offered, double Goodput, double Refused, double P50, double P99);

/// <summary>
/// Calls at fixed moments, whatever becomes of the calls before: callers do not wait for each other, and neither does this. Latency counts from the moment at which a call was due, so that a host that holds up the
/// generator is not spared the calls that the generator would have made (coordinated omission). HTTP/2, as many connections as it takes.
/// </summary>
internal sealed class OpenLoop : IDisposable
{
    private const int Grains = 64;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(1);

    private readonly HttpClient _client;
    private readonly byte[] _body;

    /// <param name="port">Of a <see cref="BusyHost"/>.</param>
    /// <param name="turns">What each call is to do.</param>
    internal OpenLoop(int port, int turns)
    {
        _client = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(10),
        };
        _client.DefaultRequestHeaders.Add("Request-Timeout", "1");
        _body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"turns":{{turns}}}"""));
    }

    /// <summary>Calls a second that so many callers get, each of whom waits for its answer.</summary>
    internal async Task<double> CapacityAsync(int callers, TimeSpan time)
    {
        var (start, done) = (Stopwatch.GetTimestamp(), 0);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                if (await CallAsync(caller) == HttpStatusCode.OK) Interlocked.Increment(ref done);
            }
        })));
        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <param name="rate">Calls a second.</param>
    /// <param name="warmUp">Calls of this time are made and not counted.</param>
    /// <param name="time">Calls of this time are.</param>
    internal async Task<OpenLoopResult> RunAsync(double rate, TimeSpan warmUp, TimeSpan time)
    {
        var calls = (int)(rate * (warmUp + time).TotalSeconds);
        var counted = (int)(rate * warmUp.TotalSeconds);
        var latencies = new ConcurrentBag<double>();
        var (refused, left) = (0, calls);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = Stopwatch.GetTimestamp();

        // A thread of its own: it must not wait for one of the pool.
        var thread = new Thread(() =>
        {
            for (var i = 0; i < calls;)
            {
                var due = (int)Math.Min(calls, Stopwatch.GetElapsedTime(start).TotalSeconds * rate);
                for (; i < due; i++) _ = CountAsync(i);
                Thread.Sleep(1);
            }
        });
        thread.Start();
        await all.Task.WaitAsync(warmUp + time + TimeSpan.FromSeconds(30));
        thread.Join();

        double[] sorted = [.. latencies.Order()];
        var seconds = time.TotalSeconds;
        return new OpenLoopResult(rate, sorted.Count(l => l <= s_deadline.TotalMilliseconds) / seconds, refused / seconds, Part(0.5), Part(0.99));

        async Task CountAsync(int i)
        {
            try
            {
                var status = await CallAsync(i % Grains);
                if (i < counted) return;
                if (status == HttpStatusCode.OK) latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds - (i * 1000 / rate));
                else if (status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests) Interlocked.Increment(ref refused);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // Neither good nor refused: lost.
            }
            finally
            {
                if (Interlocked.Decrement(ref left) == 0) all.SetResult();
            }
        }

        double Part(double part) => sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
    }

    internal async Task<HttpStatusCode> CallAsync(int grain)
    {
        using var content = new ByteArrayContent(_body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var answer = await _client.PostAsync($"/rpc/busy/{grain}/Work", content);
        return answer.StatusCode;
    }

    public void Dispose() => _client.Dispose();
}
