using System.Net.Security;
using Granary.Client.Endpoints;
using Granary.Rpc.Retries;

namespace Granary.Client;

/// <summary>How a client reaches the cluster. Checked when the client is made; a wrong value stops that with a message that says what to write.</summary>
public sealed class GranaryClientOptions
{
    /// <summary>
    /// Addresses of hosts that serve gRPC, for example <c>https://api.example.com</c>; <c>http://</c> speaks HTTP/2 without TLS, where a token is readable on the way. At least one; each once.
    /// </summary>
    public IList<string> Endpoints { get; set; } = [];

    /// <summary>Whether each name among the addresses stands for all the machines that DNS has for it, each an endpoint of its own (a headless service); otherwise for one of them.</summary>
    public bool ResolveNames { get; set; }

    /// <summary>How often names are resolved again. 1 s to 1 h; the default is 30 s.</summary>
    public TimeSpan NameRefresh { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Which endpoint a call goes to.</summary>
    public Balancing Balancing { get; set; } = Balancing.RoundRobin;

    /// <summary>HTTP/2 connections to each endpoint: 1 to 16; the default is 1. When all the streams that the other side allows on them are in use, more are opened.</summary>
    public int ConnectionsPerEndpoint { get; set; } = 1;

    /// <summary>How long connecting may take. 10 ms to 1 min; the default is 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call with one request and one answer may take, all its attempts together, unless its caller says otherwise. 1 ms to 1 h; the default is 5 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stream may last unless its caller says otherwise; null for as long as the server allows.</summary>
    public TimeSpan? StreamDeadline { get; set; }

    /// <summary>Calls that may be under way at once; one more ends at once with ResourceExhausted. 1 to 1,000,000; the default is 10,000.</summary>
    public int MaximumCalls { get; set; } = 10_000;

    /// <summary>Bytes of a request message. 1 KB to 1 GB; the default is 4 MB.</summary>
    public int RequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes of a reply message. 1 KB to 1 GB; the default is 4 MB.</summary>
    public int ReplyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>When a failed call is sent again.</summary>
    public RetryOptions Retries { get; set; } = new();

    /// <summary>When an endpoint is left out, and when it comes back.</summary>
    public HealthOptions Health { get; set; } = new();

    /// <summary>Gives the bearer token of calls, or null for none. Asked once and then again when the server refuses the token: keep what it needs to make a new one.</summary>
    public Func<CancellationToken, ValueTask<string?>>? TokenProvider { get; set; }

    /// <summary>Headers of every call: names in lower case that do not begin with <c>grpc-</c>.</summary>
    public IDictionary<string, string> Headers { get; set; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sets up TLS: a client certificate, an own root. Null for the system's rules.</summary>
    public Action<SslClientAuthenticationOptions>? ConfigureTls { get; set; }
}
