using Granary.ApiHost.Discovery;
using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Deadlines;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Controllers;

/// <summary>
/// Where services are, for programs that call silos by themselves or configure others (load balancers, monitors). Answers carry an <c>ETag</c> and the index to watch from:
/// <c>?index=N&amp;wait=30s</c> answers when the list has changed since, or the time is over.
/// </summary>
[ApiController]
[Route("discovery/services")]
[Authorize(DiscoveryEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class DiscoveryController : ControllerBase
{
    /// <summary>The response header with the index.</summary>
    internal const string IndexHeader = "X-Granary-Index";

    private readonly ServiceDirectory _directory;
    private readonly DiscoveryWatches _watches;
    private readonly TimeSpan _longestWait;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;

    /// <param name="services">Has the parts, which are not public.</param>
    public DiscoveryController(IServiceProvider services)
    {
        _directory = services.GetRequiredService<ServiceDirectory>();
        _watches = services.GetRequiredService<DiscoveryWatches>();
        _longestWait = services.GetRequiredService<IOptions<DiscoveryOptions>>().Value.MaximumWait;
        _lifetime = services.GetRequiredService<IHostApplicationLifetime>();
        _time = services.GetRequiredService<TimeProvider>();
    }

    /// <summary>Every service this host knows, with the silos that serve it.</summary>
    [HttpGet]
    public Task<IActionResult> List([FromQuery] string? index, [FromQuery] string? wait, CancellationToken cancellation) => AnswerAsync(null, index, wait, cancellation);

    /// <summary>One service.</summary>
    [HttpGet("{name}")]
    public Task<IActionResult> Get(string name, [FromQuery] string? index, [FromQuery] string? wait, CancellationToken cancellation) => _directory.Knows(name)
        ? AnswerAsync(name, index, wait, cancellation)
        : throw new RpcException(Rpc.StatusCode.NotFound, $"there is no service '{name}'; /discovery/services has those there are");

    private async Task<IActionResult> AnswerAsync(string? service, string? index, string? wait, CancellationToken cancellation)
    {
        var time = Time(wait);
        var cluster = _directory.Current;
        if (index is not null)
        {
            if (!DiscoveryIndex.TryParse(index, out var seen)) throw RpcException.Invalid("index", $"is not one; give back what the header {IndexHeader} of an answer says");
            if (time > TimeSpan.Zero && seen.Covers(cluster)) cluster = await WaitAsync(service, seen, time, cancellation);
            if (cancellation.IsCancellationRequested) return new EmptyResult();
        }

        var answer = _directory.Answer(cluster, service);
        Response.Headers[IndexHeader] = DiscoveryIndex.Of(cluster).ToString();
        Response.Headers.ETag = answer.ETag;
        Response.Headers.CacheControl = "no-cache";
        return Request.GetTypedHeaders().IfNoneMatch.Any(tag => tag.Tag == "*" || tag.Tag == answer.ETag)
            ? StatusCode(StatusCodes.Status304NotModified)
            : File(answer.Body, "application/json");
    }

    private async Task<Rpc.Cluster.ClusterSnapshot> WaitAsync(string? service, DiscoveryIndex seen, TimeSpan time, CancellationToken cancellation)
    {
        using var place = _watches.Enter();
        using var timeout = new CancellationTokenSource(time < _longestWait ? time : _longestWait, _time);

        // A host that stops answers those who wait, so that they go to another one.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token, _lifetime.ApplicationStopping);
        return await _directory.WaitAsync(service, seen, over.Token);
    }

    private static TimeSpan Time(string? text)
    {
        if (text is null) return TimeSpan.Zero;
        return TimeoutText.TryParse(text, out var time) ? time : throw RpcException.Invalid("wait", $"must be {TimeoutText.Accepted}");
    }
}
