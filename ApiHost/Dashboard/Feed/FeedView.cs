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
/// <param name="Log">The entries it shows, in <see cref="FeedViews.Logs"/>.</param>
internal sealed record FeedView(FeedViews Views, GrainId? Grain, LogFilter? Log)
{
    private const int LongestText = 200;
    private const int LongestGrain = 512;

    /// <summary>Reads the address's query.</summary>
    /// <exception cref="RpcException">There is no such view, or no such grain name.</exception>
    internal static FeedView Parse(string? view, string? grain, string? level, string? text, string? process)
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
        if (views == FeedViews.Logs) return new FeedView(views, null, Filter(level, text, process));
        if (views != FeedViews.Grain) return new FeedView(views, null, null);
        if (grain is not { Length: > 0 and <= LongestGrain } || !GrainId.TryParse(grain, null, out var id) || id.IsClient() || id.IsSystemTarget())
            throw RpcException.Invalid("grain", "must be a grain's type and key, for example calculator/a");
        return new FeedView(views, id, null);
    }

    private static LogFilter Filter(string? level, string? text, string? process)
    {
        var least = LogLevel.Information;
        if (!string.IsNullOrEmpty(level) && !LogFilter.TryParse(level, out least)) throw RpcException.Invalid("level", "is none; write trace, debug, information, warning, error or critical");
        if (text?.Length > LongestText) throw RpcException.Invalid("text", $"has more than {LongestText} characters");
        if (process?.Length > LongestText) throw RpcException.Invalid("process", $"has more than {LongestText} characters");
        return new LogFilter(least, string.IsNullOrEmpty(text) ? null : text, string.IsNullOrEmpty(process) ? null : process);
    }
}
