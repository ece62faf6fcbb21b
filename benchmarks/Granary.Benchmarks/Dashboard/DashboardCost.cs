using System.Globalization;
using System.Net.Http.Headers;
using Granary.Benchmarks.Http;

namespace Granary.Benchmarks.Dashboard;

/// <summary>What open dashboards cost the host that serves them and has a silo in it: processor time while nothing else happens, and calls a second under full load. Rounds of all three numbers take turns.</summary>
internal sealed class DashboardCost : IBenchmark
{
    private static readonly int[] s_pages = [0, 1, 50];
    private static readonly string[] s_views = ["overview", "services", "grains", "graph", "limits"];

    public string Name => "dashboard";

    public string About => "0, 1 and 50 open dashboards: processor time of the host, and its calls/s under load";

    public async Task RunAsync(Session session)
    {
        const string limit = "1000000000";

        // Full load, and whatever else the machine does, is not to be shed.
        using var host = ApiHostProcess.Start(
            new("Granary__Shedding__Enabled", "false"), new("Granary__Engine__OverloadQueueDelay", "00:00:00"), new("Granary__RateLimits__Policies__admin__Tokens", limit), new("Granary__RateLimits__Policies__admin__Burst", limit));
        await host.FirstAnswerAsync();
        const int grains = 100_000;
        await ActivateAsync(host, grains);
        var rounds = session.Quick ? 1 : 5;
        var time = TimeSpan.FromSeconds(session.Quick ? 4 : 6);
        var (idle, loaded, bytes) = (new double[s_pages.Length][], new double[s_pages.Length][], new double[s_pages.Length][]);
        for (var i = 0; i < s_pages.Length; i++) (idle[i], loaded[i], bytes[i]) = (new double[rounds], new double[rounds], new double[rounds]);
        var slowness = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            slowness[round] = CpuLoop.Run();
            for (var i = 0; i < s_pages.Length; i++)
            {
                await using var pages = await Pages.OpenAsync(host, s_pages[i]);

                // A page's first seconds are not what it costs; nor are the sampler's last ones of the round before.
                await Task.Delay(TimeSpan.FromSeconds(s_pages[i] == 0 && round > 0 ? 13 : 3));
                var (cpu, read) = (host.Process.ProcessorTime, pages.Bytes);
                await Task.Delay(time);
                idle[i][round] = (host.Process.ProcessorTime - cpu) / time * 100;
                bytes[i][round] = s_pages[i] == 0 ? 0 : (pages.Bytes - read) / time.TotalSeconds / s_pages[i];
                loaded[i][round] = (await HttpLoad.RunAsync(host.Port, ApiHostProcess.Path, ApiHostProcess.Body, host.Token, time)).RequestsPerSecond;
            }
        }

        for (var i = 0; i < s_pages.Length; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{s_pages[i]} dashboards, {grains:N0} grains");
            var budget = s_pages[i] == 50 ? new Budget(Measurement.Sum(Unit.CorePercent, [.. idle[0]], [], [.. slowness]).Value + 2) : null;
            session.Add(Name, $"{name}: processor time, of one core", Measurement.Sum(Unit.CorePercent, idle[i], [], [.. slowness]), budget: budget);
            session.Add(Name, $"{name}: calls under load", Measurement.Sum(Unit.PerSecond, loaded[i], [], [.. slowness]));
            if (s_pages[i] > 0) session.Add(Name, $"{name}: a second of a page", Measurement.Sum(Unit.Bytes, bytes[i], [], [.. slowness]));
        }
    }

    private static async Task ActivateAsync(ApiHostProcess host, int grains)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.Port}") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", host.Token);
        await Parallel.ForAsync(0, grains, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancellation) =>
        {
            using var content = new StringContent(ApiHostProcess.Body, MediaTypeHeaderValue.Parse("application/json"));
            using var answer = await client.PostAsync(string.Create(CultureInfo.InvariantCulture, $"/rpc/calculator/{i}/Multiply"), content, cancellation);
            answer.EnsureSuccessStatusCode();
        });
    }

    /// <summary>Open pages: event streams that are read as they come.</summary>
    private sealed class Pages : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };
        private readonly List<Task> _reading = [];
        private long _bytes;

        internal long Bytes => Volatile.Read(ref _bytes);

        internal static async Task<Pages> OpenAsync(ApiHostProcess host, int count)
        {
            var pages = new Pages();
            pages._client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", host.TokenFor("admin"));
            for (var i = 0; i < count; i++)
            {
                var response = await pages._client.GetAsync($"http://127.0.0.1:{host.Port}/dashboard/feed?view={s_views[i % s_views.Length]}", HttpCompletionOption.ResponseHeadersRead);
                response.EnsureSuccessStatusCode();
                pages._reading.Add(pages.ReadAsync(response));
            }

            return pages;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_reading);
            _client.Dispose();
            _stop.Dispose();
        }

        private async Task ReadAsync(HttpResponseMessage response)
        {
            using var _ = response;
            await using var body = await response.Content.ReadAsStreamAsync(_stop.Token);
            var buffer = new byte[64 * 1024];
            try
            {
                while (await body.ReadAsync(buffer, _stop.Token) is > 0 and var read) Interlocked.Add(ref _bytes, read);
            }
            catch (Exception error) when (_stop.IsCancellationRequested && error is OperationCanceledException or IOException)
            {
                // Closed.
            }
        }
    }
}
