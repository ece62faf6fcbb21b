using System.Collections.Frozen;

namespace Granary.Client;

/// <summary>What the calls of some references do otherwise than the client's options say (<see cref="GranaryClient.With"/>). Immutable.</summary>
public sealed record CallOptions
{
    /// <summary>How long each call may take, streams included; null for the client's. A shorter <see cref="Rpc.RpcDeadline"/> around the call counts more.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Headers, beside and before the client's.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>Takes what the server sends beside the result; null for nobody. One object for one call at a time.</summary>
    public ResponseMetadata? Response { get; init; }

    internal static string? HeaderFault(string name)
    {
        var isName = name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        return !isName || name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) || name.ToLowerInvariant() is "te" or "content-type" or "content-length" or "connection" or "host"
            ? $"'{name}' cannot be a header of calls; letters, digits and '-', '_', '.' are accepted, and no name that gRPC uses itself."
            : null;
    }
}

/// <summary>The headers and trailers of the last answer of a call; empty before there is one. Names in lower case.</summary>
public sealed class ResponseMetadata
{
    /// <summary>The headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; internal set; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The trailers, which come after the last message.</summary>
    public IReadOnlyDictionary<string, string> Trailers { get; internal set; } = FrozenDictionary<string, string>.Empty;
}
