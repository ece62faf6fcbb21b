namespace Granary.Rpc.Catalog;

/// <summary>One method of an exposed service. Generated; immutable.</summary>
public sealed class RpcMethod
{
    /// <summary>The service it belongs to.</summary>
    public RpcService Service { get; internal set; } = null!;

    /// <summary>The name in addresses and contracts, for example <c>Multiply</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Which sides stream.</summary>
    public required RpcMethodKind Kind { get; init; }

    /// <summary>
    /// The request message: <c>key</c> first, then the arguments (DESIGN: One schema). In a stream of the caller every message has this type, and
    /// <c>item</c> last: the first message carries key and arguments and may carry an item, each later one carries an item.
    /// </summary>
    public required Schema.MessageSchema Request { get; init; }

    /// <summary>The reply message; for a server stream, of each item.</summary>
    public required Schema.MessageSchema Reply { get; init; }

    /// <summary>For client streams, the message of a streamed item that stands alone; otherwise null.</summary>
    public Schema.MessageSchema? RequestItem { get; init; }

    /// <summary>The type of the result as JSON (not wrapped in a reply message); null when there is no result.</summary>
    public Schema.SchemaType? Result { get; init; }

    /// <summary>Makes an empty request.</summary>
    public required Func<RpcRequest> CreateRequest { get; init; }

    /// <summary>Marked <c>[ReadOnly]</c>: changes nothing, may be called by GET, may be retried and hedged.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Marked <see cref="IdempotentAttribute"/>: may be retried.</summary>
    public bool IsIdempotent { get; init; }

    /// <summary>Whether a call that may have run can be made again: it changes nothing, or nothing more the second time.</summary>
    public bool IsRepeatable => IsReadOnly || IsIdempotent;

    /// <summary>Marked <c>[OneWay]</c>: answered as soon as the call is accepted.</summary>
    public bool IsOneWay { get; init; }

    /// <summary>The custom route's HTTP method and path (<see cref="RpcMethodAttribute.Http"/>), or null.</summary>
    public RpcHttpRoute? Http { get; init; }

    /// <summary>The deadline when the caller names none, or null for the gateway's default.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>The rate limit policy's name, or null for the gateway's default.</summary>
    public string? RateLimit { get; init; }

    /// <summary>Which calls go first when the gateway is overloaded.</summary>
    public CallPriority Priority { get; init; } = CallPriority.Normal;

    /// <summary>Who may call; resolved from the method, then the interface.</summary>
    public required RpcAccess Access { get; init; }

    /// <summary>The method's documentation summary, or null.</summary>
    public string? Summary { get; init; }

    /// <summary>The message of <c>[Obsolete]</c>, or null.</summary>
    public string? Deprecated { get; init; }

    /// <summary>The day of <see cref="SunsetAttribute"/>, or null.</summary>
    public DateOnly? Sunset { get; init; }

    public override string ToString() => $"{Service?.FullName}/{Name}";
}

/// <summary>The four call kinds.</summary>
public enum RpcMethodKind
{
    Unary,
    ServerStream,
    ClientStream,
    Bidirectional,
}

/// <summary>A custom HTTP route.</summary>
/// <param name="Verb">Upper case, for example <c>GET</c>.</param>
/// <param name="Path">Begins with a slash; placeholders in braces.</param>
public sealed record RpcHttpRoute(string Verb, string Path);

/// <summary>Who may call a method.</summary>
public sealed record RpcAccess
{
    /// <summary>Anyone, also without a token.</summary>
    public bool Anonymous { get; init; }

    /// <summary>The caller needs one of these; empty asks for none.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>The caller needs all of these.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>The host's authorization policy, or null.</summary>
    public string? Policy { get; init; }

    /// <summary>Any authenticated caller.</summary>
    public static RpcAccess Authenticated { get; } = new();
}
