using System.Globalization;
using System.Text;
using Granary.Certificates;
using Granary.Gateway.Blocking;
using Granary.Gateway.Cors;
using Granary.Gateway.Tls;
using Microsoft.Extensions.Options;

namespace Granary.Gateway;

/// <summary>Checks the options when the host starts. Every message names the setting, the value seen and what is accepted; no secret is quoted.</summary>
/// <param name="path">The configuration section, for the messages.</param>
internal sealed class GatewayOptionsValidation(string path) : IValidateOptions<GatewayOptions>
{
    // So that times in nanoseconds stay far from the end of their numbers.
    private const int LongestFill = 365;

    private static readonly string[] s_identity = ["x-granary-", "x-forwarded-", "x-user", "x-subject", "x-role", "x-scope", "x-tenant", "x-region", "x-auth", "x-real-ip", "x-client-ip"];

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var faults = new List<string>();
        Authentication(options.Authentication, faults);
        for (var i = 0; i < options.Authorization.Rules.Count; i++)
        {
            if (AuthorizationRules.Problem(options.Authorization.Rules[i]) is { } problem) faults.Add($"{path}:Authorization:Rules:{i} {problem}.");
        }

        foreach (var problem in BlockRules.Problems(options.Blocking)) faults.Add($"{path}:Blocking:{problem}.");
        Within(faults, "Blocking:Maximum", options.Blocking.Maximum, 0, 1_000_000);
        Within(faults, "Proxies:Hops", options.Proxies.Hops, 1, 10);
        foreach (var network in options.Proxies.Networks)
        {
            if (!BlockRules.TryReadNetwork(network, out _, out var length)) faults.Add($"{path}:Proxies:Networks holds '{network}'; addresses and networks are accepted, for example 10.0.0.5 or 10.0.0.0/8.");
            else if (length == 0) faults.Add($"{path}:Proxies:Networks holds '{network}', which is everyone: any caller could claim any address. Name the proxies.");
        }

        RateLimits(options.RateLimits, faults);
        var deadlines = options.Deadlines;
        Within(faults, "Deadlines:Maximum", deadlines.Maximum, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
        Within(faults, "Deadlines:Default", deadlines.Default, TimeSpan.FromMilliseconds(1), deadlines.Maximum);
        Within(faults, "Deadlines:StreamMaximum", deadlines.StreamMaximum, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(30));
        Within(faults, "Hedging:Percentile", options.Hedging.Percentile, 0.5, 0.999);
        Within(faults, "Hedging:LeastDelay", options.Hedging.LeastDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));
        Within(faults, "Hedging:BudgetRatio", options.Hedging.BudgetRatio, 0, 0.5);
        Within(faults, "Idempotency:Keep", options.Idempotency.Keep, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        Within(faults, "Idempotency:RunTime", options.Idempotency.RunTime, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Idempotency:ReplyBytes", options.Idempotency.ReplyBytes, 0, 16 * 1024 * 1024);
        Within(faults, "Idempotency:Entries", options.Idempotency.Entries, 100, 10_000_000);
        Within(faults, "Idempotency:StoreTimeout", options.Idempotency.StoreTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10));
        Overload(options, faults);
        Within(faults, "Retries:Attempts", options.Retries.Attempts, 1, 10);
        Within(faults, "Retries:FirstDelay", options.Retries.FirstDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Within(faults, "Retries:MaximumDelay", options.Retries.MaximumDelay, options.Retries.FirstDelay, TimeSpan.FromMinutes(1));
        Within(faults, "Retries:BudgetRatio", options.Retries.BudgetRatio, 0, 1);
        Within(faults, "Retries:BudgetReserve", options.Retries.BudgetReserve, 0, 10_000);
        Cors(options.Cors, faults);
        Within(faults, "Connections:FirstBytes", options.Connections.FirstBytes, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Within(faults, "Connections:Undecided", options.Connections.Undecided, 1, 1_000_000);
        Within(faults, "Connections:Streams", options.Connections.Streams, 1, 100_000);
        Within(faults, "Connections:HeaderBytes", options.Connections.HeaderBytes, 1024, 1024 * 1024);
        Within(faults, "Connections:PingAfter", options.Connections.PingAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Connections:PingTimeout", options.Connections.PingTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Connections:Maximum", options.Connections.Maximum, 1, 10_000_000);
        Within(faults, "Connections:Headers", options.Connections.Headers, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Within(faults, "Connections:Idle", options.Connections.Idle, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Connections:BytesPerSecond", options.Connections.BytesPerSecond, 1, 1_000_000);
        Tls(options.Tls, faults);
        Within(faults, "Limits:BodyBytes", options.Limits.BodyBytes, 1024, 1024 * 1024 * 1024);
        Within(faults, "Limits:JsonDepth", options.Limits.JsonDepth, 1, 512);
        Within(faults, "Limits:KeyLength", options.Limits.KeyLength, 1, 4096);
        Within(faults, "Streams:Heartbeat", options.Streams.Heartbeat, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Within(faults, "Streams:StallLimit", options.Streams.StallLimit, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Compression:FromBytes", options.Compression.FromBytes, 0, 1024 * 1024 * 1024);
        Within(faults, "JsonRpc:MaxBatch", options.JsonRpc.MaxBatch, 1, 10_000);
        Within(faults, "JsonRpc:BatchConcurrency", options.JsonRpc.BatchConcurrency, 1, 1000);
        Within(faults, "WebSockets:MaxConnections", options.WebSockets.MaxConnections, 1, 1_000_000);
        Within(faults, "WebSockets:MaxConnectionsPerCaller", options.WebSockets.MaxConnectionsPerCaller, 1, 1_000_000);
        Within(faults, "WebSockets:MaxCallsInFlight", options.WebSockets.MaxCallsInFlight, 1, 10_000);
        Within(faults, "WebSockets:MaxStreams", options.WebSockets.MaxStreams, 1, 10_000);
        Within(faults, "WebSockets:KeepAlive", options.WebSockets.KeepAlive, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Within(faults, "WebSockets:OpenTimeout", options.WebSockets.OpenTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Within(faults, "Audit:Entries", options.Audit.Entries, 100, 10_000_000);
        Within(faults, "Metadata:ValueLength", options.Metadata.ValueLength, 1, 8192);
        foreach (var header in options.Metadata.Headers) Header(faults, header);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private void Authentication(AuthenticationOptions options, List<string> faults)
    {
        var hasKey = !string.IsNullOrEmpty(options.Key);
        var hasAuthority = !string.IsNullOrEmpty(options.Authority);
        var hasPublicKey = PublicKeys.AreIn(options);
        if (!hasKey && !hasAuthority && !hasPublicKey)
        {
            faults.Add(
                $"Nothing says how callers prove who they are. Set {path}:Authentication:Key (environment variable {Variable("Authentication:Key")}) to a secret of at least " +
                $"{TokenRules.LeastKeyBytes} bytes, for example the output of 'openssl rand -base64 48'; or {path}:Authentication:Authority ({Variable("Authentication:Authority")}) " +
                $"to the address of your OpenID Connect provider; or {path}:Authentication:PublicKeyFile ({Variable("Authentication:PublicKeyFile")}) to the public key of who signs your tokens.");
        }

        if ((hasKey ? 1 : 0) + (hasAuthority ? 1 : 0) + (hasPublicKey ? 1 : 0) > 1)
        {
            var has = hasPublicKey ? hasKey && hasAuthority ? "a Key, an Authority and a PublicKey" : $"a PublicKey and {(hasKey ? "a Key" : "an Authority")}" : "both a Key and an Authority";
            faults.Add($"{path}:Authentication has {has}. Keep the one that signs your tokens.");
        }

        if (hasKey && Encoding.UTF8.GetByteCount(options.Key!) is var bytes and < TokenRules.LeastKeyBytes)
            faults.Add($"{path}:Authentication:Key has {bytes} bytes; at least {TokenRules.LeastKeyBytes} are needed. 'openssl rand -base64 48' prints a good one.");
        if (hasPublicKey && PublicKeys.Read(options).Problem is { } problem)
            faults.Add($"{path}:Authentication:{(string.IsNullOrEmpty(options.PublicKeyFile) ? "PublicKey" : "PublicKeyFile")} cannot be used: {problem.TrimEnd('.')}.");
        if (hasAuthority && !(Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority) && (authority.Scheme == "https" || (authority.Scheme == "http" && !options.RequireHttps))))
            faults.Add($"{path}:Authentication:Authority is '{options.Authority}'; an absolute https address is accepted (http too, where {path}:Authentication:RequireHttps is false).");
        var accepted = hasAuthority || hasPublicKey ? TokenRules.AsymmetricAlgorithms : TokenRules.SymmetricAlgorithms;
        foreach (var algorithm in options.Algorithms)
        {
            if (!accepted.Contains(algorithm))
                faults.Add($"{path}:Authentication:Algorithms holds '{algorithm}'; with {(hasAuthority ? "an Authority" : hasPublicKey ? "a PublicKey" : "a Key")} these are accepted: {string.Join(", ", accepted)}.");
        }

        if (string.IsNullOrWhiteSpace(options.Audience)) faults.Add($"{path}:Authentication:Audience is empty; write what the tokens' 'aud' holds, for example 'granary'.");
        Within(faults, "Authentication:ClockSkew", options.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Within(faults, "Authentication:TokenBytes", options.TokenBytes, 512, 65_536);
        Within(faults, "Authentication:CachedTokens", options.CachedTokens, 0, 1_000_000);
        Within(faults, "Authentication:CacheTime", options.CacheTime, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, "Authentication:RefreshKeys", options.RefreshKeys, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        Within(faults, "Authentication:LongestToken", options.LongestToken, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        Within(faults, "Authentication:FailedAttempts", options.FailedAttempts, 0, 1_000_000);
        Within(faults, "Authentication:FailedAttemptsPeriod", options.FailedAttemptsPeriod, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Within(faults, "Authentication:MaximumRevocations", options.MaximumRevocations, 100, 1_000_000);
        Within(faults, "Authentication:MaximumApiKeys", options.MaximumApiKeys, 0, 100_000);
        foreach (var (id, key) in options.ApiKeys)
        {
            if (ApiKeyRules.Problem(id, key) is { } wrong) faults.Add($"{path}:Authentication:ApiKeys:{id} {wrong}.");
        }

        for (var i = 0; i < options.Certificates.Count; i++)
        {
            if (CertificateCallers.Problem(options.Certificates[i]) is { } wrong) faults.Add($"{path}:Authentication:Certificates:{i} {wrong}.");
        }
    }

    private void RateLimits(RateLimitOptions options, List<string> faults)
    {
        Within(faults, "RateLimits:MaximumBuckets", options.MaximumBuckets, 1000, 100_000_000);
        Within(faults, "RateLimits:Shared:Timeout", options.Shared.Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(5));
        Within(faults, "RateLimits:Shared:Lease", options.Shared.Lease, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Within(faults, "RateLimits:Shared:Retry", options.Shared.Retry, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Within(faults, "RateLimits:Shared:LeastShare", options.Shared.LeastShare, 0.001, 1);
        Policy("Default", options.Default);
        foreach (var (name, policy) in options.Policies) Policy($"Policies:{name}", policy);
        foreach (var name in options.Always)
        {
            if (!options.Policies.ContainsKey(name)) faults.Add($"{path}:RateLimits:Always holds '{name}', which {path}:RateLimits:Policies does not have. Add the policy, or take the name out.");
        }

        void Policy(string name, RateLimitPolicy policy)
        {
            Within(faults, $"RateLimits:{name}:Tokens", policy.Tokens, policy.Concurrency > 0 ? 0 : 1, 1_000_000_000);
            Within(faults, $"RateLimits:{name}:Burst", policy.Burst, 0, 1_000_000_000);
            Within(faults, $"RateLimits:{name}:Period", policy.Period, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
            Within(faults, $"RateLimits:{name}:Concurrency", policy.Concurrency, 0, 1_000_000);
            if (policy.Tokens < 1) return;
            var fill = policy.Period.TotalDays / policy.Tokens * policy.Burst;
            if (fill > LongestFill) faults.Add($"{path}:RateLimits:{name} takes {fill:0} days to fill its Burst; up to {LongestFill} days are accepted. Lower Burst, or raise Tokens.");
            if (policy.Shared && policy.Tokens / policy.Period.TotalSeconds > 1_000_000) faults.Add($"{path}:RateLimits:{name} is Shared and has more than 1000000 tokens a second; that many are not counted in Redis. Lower Tokens, or set Shared to false.");
        }
    }

    private void Overload(GatewayOptions options, List<string> faults)
    {
        var breakers = options.Breakers;
        Within(faults, "Breakers:Window", breakers.Window, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Within(faults, "Breakers:MinimumCalls", breakers.MinimumCalls, 2, 1_000_000);
        Within(faults, "Breakers:FailureRatio", breakers.FailureRatio, 0.01, 1);
        Within(faults, "Breakers:OpenTime", breakers.OpenTime, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        Within(faults, "Breakers:Probes", breakers.Probes, 1, 1000);
        foreach (var (service, bulkhead) in options.Bulkheads)
        {
            Within(faults, $"Bulkheads:{service}:Concurrency", bulkhead.Concurrency, 1, 1_000_000);
            Within(faults, $"Bulkheads:{service}:Queue", bulkhead.Queue, 0, 100_000);
            Within(faults, $"Bulkheads:{service}:Wait", bulkhead.Wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        }

        Within(faults, "Shedding:Delay", options.Shedding.Delay, TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(10));
        Within(faults, "Shedding:LeastCalls", options.Shedding.LeastCalls, 1, 100_000);
        Within(faults, "Shedding:Queue", options.Shedding.Queue, 0, 100_000);
        Within(faults, "Shedding:Wait", options.Shedding.Wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));
    }

    private void Cors(CorsOptions options, List<string> faults)
    {
        foreach (var origin in options.Origins)
        {
            if (CorsPipeline.Problem(origin) is { } problem) faults.Add($"{path}:Cors:Origins holds '{origin}'; {problem}.");
        }

        if (options.Credentials && options.Origins.Contains("*")) faults.Add($"{path}:Cors:Credentials is true, and {path}:Cors:Origins holds '*': any page could act for your users. Name the origins, or set Credentials to false.");
        Within(faults, "Cors:Remember", options.Remember, TimeSpan.Zero, TimeSpan.FromDays(1));
    }

    private void Tls(EdgeTlsOptions options, List<string> faults)
    {
        Within(faults, "Tls:HandshakeTimeout", options.HandshakeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        Within(faults, "Tls:Hsts", options.Hsts, TimeSpan.Zero, TimeSpan.FromDays(730));
        if (options.RedirectPort is { } port) Within(faults, "Tls:RedirectPort", port, 1, 65_535);
        if (options.ClientCertificates != ClientCertificates.None && string.IsNullOrEmpty(options.CaFile))
            faults.Add($"{path}:Tls:ClientCertificates is {options.ClientCertificates}, and {path}:Tls:CaFile is not set. Name the file with the authorities (PEM) that callers' certificates come from.");
        if (EdgeTls.Files(options, $"{path}:Tls") is not { } files)
        {
            if (options.ClientCertificates != ClientCertificates.None || !string.IsNullOrEmpty(options.KeyFile)) faults.Add($"{path}:Tls:CertificateFile is not set. Name the file with the host's certificate (PEM or PFX).");
            return;
        }

        try
        {
            files.Read();
        }
        catch (CertificateFileException error)
        {
            faults.Add(error.Message);
        }
    }

    private void Header(List<string> faults, string header)
    {
        var isName = header.Length is > 2 and <= 64 && header.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (!isName || !header.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
        {
            faults.Add($"{path}:Metadata:Headers holds '{header}'; header names that begin with 'x-' are accepted, up to 64 letters, digits and hyphens.");
        }
        else if (s_identity.Any(i => header.StartsWith(i, StringComparison.OrdinalIgnoreCase)))
        {
            faults.Add($"{path}:Metadata:Headers holds '{header}'; such headers speak of who is calling, and callers write them themselves. Take it out.");
        }
    }

    private void Within<T>(List<string> faults, string setting, T value, T least, T most)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0) return;
        faults.Add($"{path}:{setting} is {Text(value)}; {Text(least)} to {Text(most)} is accepted{(value is TimeSpan ? ", written as [days.]hours:minutes:seconds" : "")}.");
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    private string Variable(string setting) => $"{path}:{setting}".Replace(":", "__", StringComparison.Ordinal);
}
