using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Granary.Cli.Connection;

namespace Granary.Cli.Bench;

/// <summary>
/// Calls as a plan says, and counts. With a rate the load is open: calls are due at fixed moments, whether or not earlier ones have ended, and one that had to wait for its turn is measured from the moment it was due,
/// since a caller would have waited too (without that a slow host would be asked less often just when it is slow, and look better than it is: "coordinated omission").
/// </summary>
internal sealed class LoadRun(HostClient host, LoadPlan plan)
{
    private const int MostKept = 10_000;
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);

    private readonly Call?[] _calls = new Call?[Math.Min(plan.Keys, MostKept)];
    private readonly long[] _callsOfKey = new long[Math.Min(plan.Keys, MostKept)];
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _begin;
    private long _measureFrom;
    private long _end;
    private long _following = -1;

    /// <summary>The calls that succeeded.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>The calls that failed, by code.</summary>
    public IReadOnlyDictionary<string, long> Errors => _errors;

    /// <summary>The calls of each key, by its number; of the first ten thousand.</summary>
    public IReadOnlyList<long> CallsOfKey => _callsOfKey;

    /// <summary>How long it has been measured.</summary>
    public TimeSpan Measured
    {
        get
        {
            var now = Math.Min(Stopwatch.GetTimestamp(), _end);
            return now <= _measureFrom ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_measureFrom, now);
        }
    }

    public string KeyOf(long number) => plan.Key.Replace(LoadPlan.Placeholder, number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>Runs to the end. Cancelling ends it early; what was counted stays.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _begin = Stopwatch.GetTimestamp();
        _measureFrom = _begin + Ticks(plan.WarmUp);
        _end = _measureFrom + Ticks(plan.Duration);

        // Calls under way at the end are awaited, but not for ever.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        over.CancelAfter(plan.WarmUp + plan.Duration + s_grace);
        await Task.WhenAll(Enumerable.Range(0, plan.Concurrency).Select(_ => Task.Run(() => WorkAsync(over.Token), CancellationToken.None)));
        _end = Math.Min(_end, Stopwatch.GetTimestamp());
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private async Task WorkAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _following);
            var start = Stopwatch.GetTimestamp();
            if (plan.Rate is { } rate)
            {
                var due = _begin + (long)(number * (Stopwatch.Frequency / rate));
                if (due >= _end) return;
                if (due > start)
                {
                    try
                    {
                        await Task.Delay(Stopwatch.GetElapsedTime(start, due), over);
                    }
                    catch (OperationCanceledException)
                    {
                        return;
                    }

                    start = Stopwatch.GetTimestamp();
                }
                else
                {
                    start = due;
                }
            }

            if (start >= _end) return;
            await CallAsync(number % plan.Keys, start, over);
        }
    }

    private async Task CallAsync(long key, long start, CancellationToken over)
    {
        string? error = null;
        try
        {
            using var request = Request(key);
            using var response = await host.SendAsync(request, over);
            if (response.IsSuccessStatusCode) await response.Content.CopyToAsync(Stream.Null, over);
            else error = (await Problem.OfAsync(response, over)).Code;
        }
        catch (OperationCanceledException)
        {
            error = "UNANSWERED";
        }
        catch (HostUnreachableException)
        {
            error = "UNREACHABLE";
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            error = "BROKEN";
        }

        var now = Stopwatch.GetTimestamp();
        if (start < _measureFrom) return;
        if (key < _callsOfKey.Length) Interlocked.Increment(ref _callsOfKey[key]);
        if (error is null) Latency.Record((now - start) * 1_000_000 / Stopwatch.Frequency);
        else _errors.AddOrUpdate(error, 1, (_, count) => count + 1);

        // Not as fast as it can be refused.
        if (error is "UNREACHABLE") await Task.Delay(100, CancellationToken.None);
    }

    private HttpRequestMessage Request(long key)
    {
        var call = key < _calls.Length ? _calls[key] ??= Make(key) : Make(key);
        var request = new HttpRequestMessage(HttpMethod.Post, call.Address) { Content = new ByteArrayContent(call.Body) };
        request.Content.Headers.ContentType = call.ContentType;
        if (plan.Timeout is not null) request.Headers.TryAddWithoutValidation("Request-Timeout", plan.Timeout);
        if (!plan.Http2) return request;
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return request;
    }

    private Call Make(long key)
    {
        var body = Encoding.UTF8.GetBytes(plan.Arguments.Replace(LoadPlan.Placeholder, key.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        return new Call(new Uri(host.Address, plan.Service.PathOf(KeyOf(key), plan.Method)), body, new MediaTypeHeaderValue("application/json"));
    }

    private sealed record Call(Uri Address, byte[] Body, MediaTypeHeaderValue ContentType);
}
