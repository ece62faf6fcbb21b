using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>One second of the feed. Immutable; each topic is written once, and all pages get the same bytes.</summary>
internal sealed class FeedTick
{
    internal static FeedTick None { get; } = new();

    /// <summary>Grows by one each second.</summary>
    internal long Number { get; init; }

    internal ReadOnlyMemory<byte> Overview { get; init; }

    internal ReadOnlyMemory<byte> Services { get; init; }

    internal ReadOnlyMemory<byte> Grains { get; init; }

    internal ReadOnlyMemory<byte> Limits { get; init; }

    internal ReadOnlyMemory<byte> Graph { get; init; }

    internal ReadOnlyMemory<byte> Levels { get; init; }

    /// <summary>By grain.</summary>
    internal IReadOnlyDictionary<GrainId, ReadOnlyMemory<byte>> Looked { get; init; } = new Dictionary<GrainId, ReadOnlyMemory<byte>>();

    /// <summary>What pages get that have just been opened.</summary>
    internal Func<ReadOnlyMemory<byte>> History { get; init; } = static () => default;

    internal Func<ReadOnlyMemory<byte>> ServicesHistory { get; init; } = static () => default;

    /// <summary>An event of an event stream: WHATWG HTML, server-sent events. JSON has no line breaks, so it is one line of data.</summary>
    internal static ReadOnlyMemory<byte> Frame<T>(string topic, T message, JsonTypeInfo<T> type)
    {
        using var output = new MemoryStream();
        output.Write(System.Text.Encoding.ASCII.GetBytes($"event: {topic}\ndata: "));
        JsonSerializer.Serialize(output, message, type);
        output.Write("\n\n"u8);
        return output.ToArray();
    }

    /// <summary>The frames of a view, in the order in which they are sent.</summary>
    internal void WriteTo(List<ReadOnlyMemory<byte>> frames, FeedView view)
    {
        Add(Overview);
        if (view.Views.HasFlag(FeedViews.Services)) Add(Services);
        if (view.Views.HasFlag(FeedViews.Grains)) Add(Grains);
        if (view.Views.HasFlag(FeedViews.Limits)) Add(Limits);
        if (view.Views.HasFlag(FeedViews.Graph)) Add(Graph);
        if (view.Views.HasFlag(FeedViews.Logs)) Add(Levels);
        if (view.Grain is { } grain && Looked.TryGetValue(grain, out var frame)) Add(frame);

        void Add(ReadOnlyMemory<byte> one)
        {
            if (!one.IsEmpty) frames.Add(one);
        }
    }
}
