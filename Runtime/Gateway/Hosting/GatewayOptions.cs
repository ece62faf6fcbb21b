namespace Granary.Gateway;

/// <summary>
/// Everything that can be set about the gateway. Bound from a configuration section (by convention <c>Granary</c>), checked when the host starts;
/// a wrong value stops the start with a message that says what to write.
/// </summary>
public sealed class GatewayOptions
{
    /// <summary>How callers prove who they are.</summary>
    public AuthenticationOptions Authentication { get; set; } = new();

    /// <summary>What callers may do, beyond what contracts say.</summary>
    public AuthorizationOptions Authorization { get; set; } = new();

    /// <summary>Who is refused.</summary>
    public Blocking.BlockOptions Blocking { get; set; } = new();

    /// <summary>The proxies in front of this host.</summary>
    public ProxyOptions Proxies { get; set; } = new();

    /// <summary>How much one caller may ask for.</summary>
    public RateLimitOptions RateLimits { get; set; } = new();

    /// <summary>How long calls may take.</summary>
    public DeadlineOptions Deadlines { get; set; } = new();

    /// <summary>When a call that failed on its way to the grain is made again.</summary>
    public Rpc.Retries.RetryOptions Retries { get; set; } = new();

    /// <summary>Which calls are sent a second time when the first takes long.</summary>
    public Hedging.HedgingOptions Hedging { get; set; } = new();

    /// <summary>How calls with an idempotency key are made to run once.</summary>
    public Idempotency.IdempotencyOptions Idempotency { get; set; } = new();

    /// <summary>When calls of a method that keeps failing are answered at once.</summary>
    public Resilience.BreakerOptions Breakers { get; set; } = new();

    /// <summary>How many calls of a service may be under way, by its name. None by default.</summary>
    public IDictionary<string, Resilience.BulkheadOptions> Bulkheads { get; set; } = new Dictionary<string, Resilience.BulkheadOptions>(StringComparer.Ordinal);

    /// <summary>What happens when more is asked of this gateway than it can do.</summary>
    public Shedding.SheddingOptions Shedding { get; set; } = new();

    /// <summary>What callers' connections may do.</summary>
    public Listening.ConnectionOptions Connections { get; set; } = new();

    /// <summary>TLS towards callers.</summary>
    public Tls.EdgeTlsOptions Tls { get; set; } = new();

    /// <summary>
    /// Whether answers tell browsers not to guess their type, not to keep them, not to show them in frames and not to tell others their address. A proxy in front may do it instead; the pages of this host say it in any case.
    /// </summary>
    public bool SecurityHeaders { get; set; } = true;

    /// <summary>Which web pages may call.</summary>
    public Cors.CorsOptions Cors { get; set; } = new();

    /// <summary>How large requests may be.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>How streams behave.</summary>
    public StreamOptions Streams { get; set; } = new();

    /// <summary>How replies of gRPC and Connect are compressed.</summary>
    public Framing.CompressionOptions Compression { get; set; } = new();

    /// <summary>
    /// Whether protobuf messages of calls that answer once go to the grain and back without being read here, where the engine can and no filter wants to see them. Only the cost differs.
    /// </summary>
    public bool PassThrough { get; set; } = true;

    /// <summary>How JSON-RPC is served.</summary>
    public JsonRpc.JsonRpcOptions JsonRpc { get; set; } = new();

    /// <summary>How WebSockets are served.</summary>
    public WebSockets.WebSocketOptions WebSockets { get; set; } = new();

    /// <summary>Which request headers travel with the call.</summary>
    public MetadataOptions Metadata { get; set; } = new();

    /// <summary>The log of what those who run this service have done.</summary>
    public Audit.AuditOptions Audit { get; set; } = new();

    /// <summary>The published contract.</summary>
    public OpenApiOptions OpenApi { get; set; } = new();
}

/// <summary>How large requests may be.</summary>
public sealed class LimitOptions
{
    /// <summary>Bytes of a request body, of one item (one line) of a streamed body, and of a WebSocket message. 1 KB to 1 GB; the default is 1 MB.</summary>
    public int BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>How deep JSON may be nested: 1 to 512; the default is 32.</summary>
    public int JsonDepth { get; set; } = 32;

    /// <summary>Characters of a grain's key in an address: 1 to 4,096; the default is 512.</summary>
    public int KeyLength { get; set; } = 512;
}

/// <summary>How streams behave.</summary>
public sealed class StreamOptions
{
    /// <summary>After this long without an item, a server-sent-events response gets a comment, so that nobody on the way takes it for dead. 1 s to 5 min; the default is 15 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A caller that takes nothing for this long, while there is something to take, is cut off. 1 s to 1 h; the default is 1 min.</summary>
    public TimeSpan StallLimit { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Which request headers travel with the call.</summary>
public sealed class MetadataOptions
{
    /// <summary>
    /// Names of request headers, each beginning with <c>x-</c>, whose values grains find in their <c>RequestContext</c> under the header's name in lower case.
    /// None by default. What says who is calling (<c>x-granary-*</c>, <c>x-forwarded-*</c>) cannot be listed: callers write their headers themselves.
    /// </summary>
    public IList<string> Headers { get; set; } = [];

    /// <summary>The longest value that travels, in characters; a longer one is refused. 1 to 8,192; the default is 512.</summary>
    public int ValueLength { get; set; } = 512;
}
