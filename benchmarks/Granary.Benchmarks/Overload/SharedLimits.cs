using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Granary.Benchmarks.Cluster;
using Granary.Benchmarks.Http;
using Granary.Gateway.Authentication;

namespace Granary.Benchmarks.Overload;

/// <summary>How exact a limit is that hosts share: calls asked for and granted over one host and two, while Redis is there, too slow, and gone.</summary>
internal sealed class SharedLimits : IBenchmark
{
    private const int Rate = 200;
    private const int Burst = 200;

    public string Name => "limits";

    public string About => $"a shared rate limit of {Rate}/s and a burst of {Burst}, asked for several times over by one ApiHost and by two, with Redis up, slow (paused 100 ms of each 150) and gone: granted, of what is allowed";

    public async Task RunAsync(Session session)
    {
        using var redis = await RedisServer.StartAsync();
        var key = Guid.NewGuid().ToString() + Guid.NewGuid();
        using var one = await HostAsync(redis, key);
        var time = TimeSpan.FromSeconds(session.Quick ? 3 : 10);
        await MeasureAsync(session, "one host, Redis up", time, key, one);
        using var two = await HostAsync(redis, key);

        // Until each knows of the other.
        await Task.Delay(TimeSpan.FromSeconds(2));
        await MeasureAsync(session, "two hosts, Redis up", time, key, one, two);
        using (var slow = new CancellationTokenSource())
        {
            var slowing = SlowAsync(redis, slow.Token);
            await MeasureAsync(session, "two hosts, Redis slow", time, key, one, two);
            await slow.CancelAsync();
            await slowing;
        }

        redis.Signal("STOP");
        await MeasureAsync(session, "two hosts, Redis stopped", time, key, one, two);
        redis.Signal("CONT");
        await Task.Delay(TimeSpan.FromSeconds(4));
        await MeasureAsync(session, "two hosts, Redis back", time, key, one, two);
        redis.Dispose();
        await MeasureAsync(session, "two hosts, Redis gone", time, key, one, two);
    }

    private async Task MeasureAsync(Session session, string name, TimeSpan time, string key, params ApiHost[] hosts)
    {
        // A caller that nobody has seen: its bucket is full.
        var token = new TokenIssuer(new AuthenticationOptions { Key = key }).Issue(Guid.NewGuid().ToString("N"), ["user"], TimeSpan.FromHours(1));
        var (asked, granted, start) = (0, 0, Stopwatch.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            using var client = new HttpClient { BaseAddress = hosts[i % hosts.Length].Address };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                using var content = new StringContent(ApiHostProcess.Body, MediaTypeHeaderValue.Parse("application/json"));
                using var answer = await client.PostAsync(ApiHostProcess.Path, content);
                Interlocked.Increment(ref asked);
                if (answer.StatusCode == HttpStatusCode.OK) Interlocked.Increment(ref granted);
                else if (answer.StatusCode != HttpStatusCode.TooManyRequests) throw new InvalidOperationException($"ApiHost answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }
        })));
        var allowed = Burst + (Rate * Stopwatch.GetElapsedTime(start).TotalSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {name}: {asked} asked, {granted} granted, {allowed:0} allowed"));
        session.Add(Figure.Single(Name, $"{name}: {asked} asked for, {allowed:0} allowed; granted of that", Unit.Times, granted / allowed));
    }

    private static async Task SlowAsync(RedisServer redis, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            redis.Signal("STOP");
            await Task.Delay(100, CancellationToken.None);
            redis.Signal("CONT");
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private static async Task<ApiHost> HostAsync(RedisServer redis, string key)
    {
        var port = ChildProcess.FreePort();
        var process = ChildProcess.Host(
            "ApiHost",
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["Granary__Authentication__Key"] = key,
                ["Granary__Redis__ConnectionString"] = redis.ConnectionString,
                ["Granary__RateLimits__Always__0"] = "shared",
                ["Granary__RateLimits__Default__Tokens"] = "1000000",
                ["Granary__RateLimits__Policies__shared__Tokens"] = $"{Rate}",
                ["Granary__RateLimits__Policies__shared__Burst"] = $"{Burst}",
                ["Granary__RateLimits__Policies__shared__Shared"] = "true",
                ["Granary__RateLimits__Policies__shared__By__0"] = "Caller",
            },
            "--urls",
            $"http://127.0.0.1:{port}");
        var host = new ApiHost(process, new Uri($"http://127.0.0.1:{port}"));
        var token = new TokenIssuer(new AuthenticationOptions { Key = key }).Issue("first", ["user"], TimeSpan.FromHours(1));
        using var client = new HttpClient { BaseAddress = host.Address, Timeout = Until.OneAsk };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        await Until.AnswersAsync(process, async () =>
        {
            using var content = new StringContent(ApiHostProcess.Body, MediaTypeHeaderValue.Parse("application/json"));
            using var answer = await client.PostAsync(ApiHostProcess.Path, content);
            return answer.IsSuccessStatusCode;
        });
        return host;
    }

    private sealed record ApiHost(ChildProcess Process, Uri Address) : IDisposable
    {
        public void Dispose() => Process.Dispose();
    }
}
