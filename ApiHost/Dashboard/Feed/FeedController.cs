using System.Buffers;
using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Authentication;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>
/// What the dashboard's page shows, as an event stream (WHATWG HTML, server-sent events): the name of an event is its topic. A page that reads slowly misses seconds and never gets old ones; the stream ends when
/// the caller's credential does.
/// </summary>
[ApiController]
[Route("dashboard/feed")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class FeedController(IServiceProvider services, OpenRequests requests, TimeProvider time, IHostApplicationLifetime lifetime) : ControllerBase
{
    private const int FirstEvents = 200;
    private const int MostLines = 200;

    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>Streams until the page is closed.</summary>
    /// <param name="view">overview, services, grains, grain, limits, graph or logs.</param>
    /// <param name="grain">For the view grain: its type and key.</param>
    /// <param name="level">For the view logs: the least grave level.</param>
    /// <param name="text">For the view logs: a part of the text, category or exception, or a trace's id.</param>
    /// <param name="process">For the view logs: one process.</param>
    [HttpGet]
    public async Task<EmptyResult> Get([FromQuery] string? view, [FromQuery] string? grain, [FromQuery] string? level, [FromQuery] string? text, [FromQuery] string? process)
    {
        var wanted = FeedView.Parse(view, grain, level, text, process);
        var sampler = services.GetRequiredService<ClusterSampler>();
        var most = services.GetRequiredService<IOptions<FeedOptions>>().Value.MaximumWatchers;
        using var request = await requests.HoldAsync(HttpContext);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(request.Over, lifetime.ApplicationStopping);
        using var open = sampler.Watch(wanted, most)
            ?? throw new RpcException(Rpc.StatusCode.ResourceExhausted, $"{most} dashboards are open on this host already; close one, or try again later") { RetryAfter = TimeSpan.FromSeconds(10) };
        try
        {
            await SendAsync(sampler, wanted, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The page was closed, its caller must go, or the host stops.
        }

        return new EmptyResult();
    }

    private async Task SendAsync(ClusterSampler sampler, FeedView view, CancellationToken over)
    {
        var log = services.GetRequiredService<EventLog>();
        var ring = services.GetRequiredService<ClusterLog>().Ring;
        HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        Response.ContentType = "text/event-stream";
        Response.Headers.CacheControl = "no-store";

        // nginx holds back what it thinks is a page.
        Response.Headers["X-Accel-Buffering"] = "no";
        var output = Response.BodyWriter;
        var frames = new List<ReadOnlyMemory<byte>>();
        var events = log.After(0, FirstEvents);
        var told = events.Length == 0 ? 0 : events[^1].Id;
        frames.Add(FeedTick.Frame("events", new EventsMessage(events), FeedJson.Default.EventsMessage));

        // What an earlier page saw may be minutes old.
        var tick = sampler.Current;
        if (tick.Number > 0)
        {
            frames.Add(tick.History());
            if (view.Views.HasFlag(FeedViews.Services)) frames.Add(tick.ServicesHistory());
        }

        long? logged = null;
        while (true)
        {
            // All of a second in one write to the connection.
            foreach (var frame in frames) output.Write(frame.Span);
            await output.FlushAsync(over);
            frames.Clear();
            try
            {
                tick = await sampler.NextAsync(tick, over).WaitAsync(s_heartbeat, time, over);
            }
            catch (TimeoutException)
            {
                frames.Add(": still here\n\n"u8.ToArray());
                continue;
            }

            tick.WriteTo(frames, view);
            if (view.Log is { } filter)
            {
                var (entries, last, missed) = ring.After(logged ?? 0, MostLines, filter);
                if (entries.Length > 0 || logged is null) frames.Add(FeedTick.Frame("logs", new LogsMessage(entries, missed), FeedJson.Default.LogsMessage));
                logged = last;
            }

            if (log.Last == told) continue;
            events = log.After(told, FirstEvents);
            told = events[^1].Id;
            frames.Insert(0, FeedTick.Frame("events", new EventsMessage(events), FeedJson.Default.EventsMessage));
        }
    }
}
