using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The pages of the dashboard, by what they need besides the overview.</summary>
[Flags]
internal enum FeedViews
{
    Overview = 0,
    Services = 1,
    Grains = 2,
    Grain = 4,
    Limits = 8,
    Graph = 16,
    Logs = 32,
}

/// <summary>What one open page asked for.</summary>
/// <param name="Views">Its view.</param>
/// <param name="Grain">The grain it shows, in <see cref="FeedViews.Grain"/>.</param>
internal sealed record FeedView(FeedViews Views, GrainId? Grain)
{
    private const int LongestGrain = 512;

    /// <summary>Reads the address's query.</summary>
    /// <exception cref="RpcException">There is no such view, or no such grain name.</exception>
    internal static FeedView Parse(string? view, string? grain)
    {
        var views = view switch
        {
            null or "" or "overview" or "events" or "console" => FeedViews.Overview,
            "services" => FeedViews.Services,
            "grains" => FeedViews.Grains,
            "grain" => FeedViews.Grain,
            "limits" => FeedViews.Limits,
            "graph" => FeedViews.Graph,
            "logs" => FeedViews.Logs,
            _ => throw RpcException.Invalid("view", "is none; write overview, services, grains, grain, limits, graph or logs"),
        };
        if (views != FeedViews.Grain) return new FeedView(views, null);
        if (grain is not { Length: > 0 and <= LongestGrain } || !GrainId.TryParse(grain, null, out var id) || id.IsClient() || id.IsSystemTarget())
            throw RpcException.Invalid("grain", "must be a grain's type and key, for example calculator/a");
        return new FeedView(views, id);
    }
}
