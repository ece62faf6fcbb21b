using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Granary.Gateway.Http;

/// <summary>How a stream of results is written.</summary>
internal abstract class StreamFormat
{
    /// <summary>Server-sent events: each item a <c>message</c>, then <c>end</c> or <c>error</c>.</summary>
    public static StreamFormat EventStream { get; } = new Events();

    /// <summary>One JSON value a line; an error is the last line, an object whose only member is <c>error</c>.</summary>
    public static StreamFormat Ndjson { get; } = new Lines();

    public abstract string ContentType { get; }

    /// <summary>Whether silence is broken by comments.</summary>
    public abstract bool HasHeartbeat { get; }

    public abstract ReadOnlySpan<byte> BeforeItem { get; }

    public abstract ReadOnlySpan<byte> AfterItem { get; }

    public abstract ReadOnlySpan<byte> BeforeError { get; }

    public abstract ReadOnlySpan<byte> AfterError { get; }

    public abstract ReadOnlySpan<byte> End { get; }

    /// <summary>What the caller accepts, lines when it does not say; null when it accepts neither.</summary>
    public static StreamFormat? Negotiate(StringValues accept)
    {
        if (StringValues.IsNullOrEmpty(accept)) return Ndjson;
        if (!MediaTypeHeaderValue.TryParseList(accept, out var wishes)) return null;
        StreamFormat? best = null;
        var bestQuality = 0.0;
        foreach (var wish in wishes)
        {
            var format = Of(wish.MediaType);
            var quality = wish.Quality ?? 1;
            if (format is null || quality <= bestQuality) continue;
            best = format;
            bestQuality = quality;
        }

        return best;
    }

    private static StreamFormat? Of(StringSegment type) => type.ToString().ToLower(CultureInfo.InvariantCulture) switch
    {
        MediaTypes.EventStream or "text/*" => EventStream,
        MediaTypes.Ndjson or "application/ndjson" or "application/jsonl" or "application/*" or "*/*" => Ndjson,
        _ => null,
    };

    private sealed class Events : StreamFormat
    {
        public override string ContentType => MediaTypes.EventStream;

        public override bool HasHeartbeat => true;

        public override ReadOnlySpan<byte> BeforeItem => "data: "u8;

        public override ReadOnlySpan<byte> AfterItem => "\n\n"u8;

        public override ReadOnlySpan<byte> BeforeError => "event: error\ndata: {\"error\":"u8;

        public override ReadOnlySpan<byte> AfterError => "}\n\n"u8;

        // Tells a browser's EventSource, which would connect again, from a connection that broke.
        public override ReadOnlySpan<byte> End => "event: end\ndata: {}\n\n"u8;
    }

    private sealed class Lines : StreamFormat
    {
        public override string ContentType => MediaTypes.Ndjson;

        public override bool HasHeartbeat => false;

        public override ReadOnlySpan<byte> BeforeItem => default;

        public override ReadOnlySpan<byte> AfterItem => "\n"u8;

        public override ReadOnlySpan<byte> BeforeError => "{\"error\":"u8;

        public override ReadOnlySpan<byte> AfterError => "}\n"u8;

        public override ReadOnlySpan<byte> End => default;
    }
}
