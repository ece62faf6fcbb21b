using System.Net;
using Granary.Hosting.Cluster;
using Microsoft.AspNetCore.Http;

namespace Granary.Hosting.Security;

/// <summary>
/// Looks through the settings of a host for what a stranger could use. Outside Development the worst is refused; in Development it is a warning, for there one wants to try things out. What only one part of the
/// program can judge (keys that are missing or short, origins with credentials, clusters without a secret) that part refuses itself.
/// </summary>
/// <param name="configuration">All settings.</param>
/// <param name="isDevelopment">Whether the environment is Development.</param>
/// <param name="facesCallers">Whether the process serves callers (ApiHost), or those who run it alone (Silo).</param>
internal sealed class SecurityReview(IConfiguration configuration, bool isDevelopment, bool facesCallers)
{
    private const string Key = "Granary:Authentication:Key";
    private const string Tls = "Granary:Tls";
    private const string EngineTls = "Granary:Engine:Tls";
    private const string Cluster = "Granary:Cluster:AllowUnprotected";

    private readonly List<SecurityFinding> _findings = [];

    /// <summary>Everything that was found, the worst first.</summary>
    internal IReadOnlyList<SecurityFinding> Findings => [.. _findings.OrderByDescending(f => f.Weight)];

    /// <summary>Looks.</summary>
    internal SecurityReview Look()
    {
        LookAtSecrets();
        LookAtEdge();
        LookAtCluster();
        if (facesCallers) LookAtCallers();
        LookAtLogs();
        return this;
    }

    private void LookAtSecrets()
    {
        if (facesCallers && WeakSecret.Problem(configuration[Key]) is { } key) Refuse($"{Key} {key}. 'openssl rand -base64 48' prints a good one.");
        if (WeakSecret.Problem(configuration["Granary:Engine:ClusterSecret"]) is { } secret) Refuse($"Granary:Engine:ClusterSecret {secret}. 'openssl rand -hex 32' prints a good one.");
        foreach (var setting in (string[])[$"{Tls}:KeyFile", $"{EngineTls}:KeyFile", "Granary:Engine:ClusterSecretFile", "Granary:Redis:ConnectionStringFile"])
        {
            if (configuration[setting] is { Length: > 0 } file && IsReadByOthers(file)) Note($"{setting} is '{file}', which every user of this machine may read. chmod 600 it, or mount it with that mode.");
        }
    }

    private void LookAtEdge()
    {
        var endpoints = Endpoints().ToList();
        var hasOwn = IsSet($"{Tls}:CertificateFile");
        var kestrel = KestrelCertificates().ToList();
        if (hasOwn && kestrel.Count > 0) Always($"{Tls}:CertificateFile and {kestrel[0]} are both set, and one certificate serves all https addresses. Remove one of them.");
        foreach (var (setting, address) in endpoints.Where(e => e.Address.Scheme == "https"))
        {
            // On a developer's machine there may be the certificate of 'dotnet dev-certs'.
            if (facesCallers && !hasOwn && kestrel.Count == 0 && !isDevelopment) Always($"{setting} is '{address}', and there is no certificate. Name it in {Tls}:CertificateFile and {Tls}:KeyFile; 'granary certs' makes one to try with.");
            if (!facesCallers && kestrel.Count == 0 && !isDevelopment) Always($"{setting} is '{address}', and there is no certificate. Name it in Kestrel:Certificates:Default:Path and KeyPath, or listen without TLS on an address that only those who run the silo can reach.");
        }

        var open = endpoints.Find(e => e.Address.Scheme == "http" && !IsLoopback(e.Address.Host));
        if (open.Setting is null) return;
        if (isDevelopment && facesCallers) Warn($"{open.Setting} is '{open.Address}' in Development, where whoever reaches it can have a token with every role. Listen on localhost, or set ASPNETCORE_ENVIRONMENT=Production.");
        else if (!facesCallers) Note($"{open.Setting} is '{open.Address}': health and metrics of the silo are open to whoever reaches it. Let only those who run it reach it.");
        else if (!Is($"{Tls}:BehindProxy") && !Is($"{Tls}:RedirectHttp"))
            Refuse($"{open.Setting} is '{open.Address}': tokens would cross the network in clear text. Serve https ({Tls}:CertificateFile, and an https address in Urls) with {Tls}:RedirectHttp, or set {Tls}:BehindProxy to true where a proxy in front speaks TLS and nobody else reaches this address.");
    }

    private void LookAtCluster()
    {
        if (Is(Cluster)) Warn($"{Cluster} is true: whoever reaches this process's network can call every grain. Set Granary:Engine:ClusterSecret or Granary:Engine:Tls, and passwords for Redis, and take it out.");
        if (IsSet($"{EngineTls}:CertificateFile"))
        {
            if (configuration[$"{EngineTls}:RequireMutual"] is { } mutual && bool.TryParse(mutual, out var isMutual) && !isMutual) Warn($"{EngineTls}:RequireMutual is false: processes that dial need no certificate. Give them one, and take it out.");
            if (!IsSet($"{EngineTls}:CrlFile")) Note($"{EngineTls}:CrlFile is not set: a certificate that is stolen is good until it expires. 'granary certs revoke' makes a list.");
        }
        else if (IsSet("Granary:Redis:ConnectionString") || IsSet("Granary:Redis:ConnectionStringFile"))
        {
            Note($"{EngineTls} is not set: whoever reaches into the network between the processes can read along. docs/tls.md says how.");
        }

        if (configuration["Granary:Redis:ConnectionString"] is { Length: > 0 } redis && IsRemoteWithoutTls(redis))
            Note("Granary:Redis:ConnectionString has no ssl=true, and its Redis is on another machine: state and password cross the network in clear text.");
    }

    private void LookAtCallers()
    {
        if (Is("Granary:Cors:Origins", "*")) Warn("Granary:Cors:Origins holds '*': pages of every origin may call, and open WebSockets, with a token they have. Name the origins.");
        if (configuration["Granary:Authentication:RequireHttps"] is { } https && bool.TryParse(https, out var requires) && !requires && Uri.TryCreate(configuration["Granary:Authentication:Authority"], UriKind.Absolute, out var authority) && authority is { Scheme: "http", IsLoopback: false })
            Refuse($"Granary:Authentication:Authority is '{authority}' by http: whoever is in between can put keys of their own in the place of the authority's. Use its https address, and take RequireHttps out.");
        if (configuration["Granary:RateLimits:Enabled"] is { } limits && bool.TryParse(limits, out var isLimited) && !isLimited) Warn("Granary:RateLimits:Enabled is false: one caller can take everything. Raise the limits instead.");
        if (configuration["Granary:SecurityHeaders"] is { } headers && bool.TryParse(headers, out var hasHeaders) && !hasHeaders) Note("Granary:SecurityHeaders is false: a proxy in front should set them.");
        if (isDevelopment) return;
        if (Is("Granary:AnonymousMetrics")) Warn("Granary:AnonymousMetrics is true: /metrics tells everyone which services there are and how busy they are. Take it out, and give the collector a token with the role admin.");
        if (configuration["Granary:OpenApi:Enabled"] is not { } api || (bool.TryParse(api, out var isPublished) && isPublished)) Note("Granary:OpenApi:Enabled is true: /openapi.json, /docs and /proto tell everyone which services there are. Set it to false where they are nobody's business.");
    }

    private void LookAtLogs()
    {
        if (isDevelopment) return;
        foreach (var category in (string[])["Default", "Microsoft", "Microsoft.AspNetCore"])
        {
            if (configuration[$"Logging:LogLevel:{category}"] is "Debug" or "Trace") Warn($"Logging:LogLevel:{category} is {configuration[$"Logging:LogLevel:{category}"]}: ASP.NET Core writes addresses with their queries, and headers, to the log then. Information is the finest level for production.");
        }
    }

    /// <summary>The addresses listened on, with the setting each stands in.</summary>
    private IEnumerable<(string Setting, BindingAddress Address)> Endpoints()
    {
        var own = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => (Setting: $"{e.Path}:Url", Text: e["Url"])).Where(e => !string.IsNullOrEmpty(e.Text)).ToList();

        // Kestrel goes by its own endpoints where there are some.
        if (own.Count == 0) own = [.. (configuration["Urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(u => (Setting: "Urls", Text: (string?)u))];
        foreach (var (setting, text) in own)
        {
            if (HttpAddress.Parse(text!) is { } address) yield return (setting, address);
        }
    }

    private IEnumerable<string> KestrelCertificates() =>
        configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e.GetSection("Certificate")).Append(configuration.GetSection("Kestrel:Certificates:Default")).Where(c => c.GetChildren().Any()).Select(c => c.Path);

    private static bool IsLoopback(string host)
    {
        host = host.Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }

    private static bool IsReadByOthers(string file)
    {
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & UnixFileMode.OtherRead) != 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Who reads it says what is wrong.
            return false;
        }
    }

    private static bool IsRemoteWithoutTls(string connection)
    {
        try
        {
            var options = StackExchange.Redis.ConfigurationOptions.Parse(connection);
            return !options.Ssl && Protection.FirstRemote(options) is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private bool IsSet(string setting) => !string.IsNullOrEmpty(configuration[setting]);

    private bool Is(string setting) => bool.TryParse(configuration[setting], out var value) && value;

    private bool Is(string list, string value) => configuration.GetSection(list).GetChildren().Any(c => c.Value == value);

    private void Note(string text) => _findings.Add(new SecurityFinding(SecurityWeight.Note, text));

    private void Warn(string text) => _findings.Add(new SecurityFinding(SecurityWeight.Warning, text));

    private void Refuse(string text) => _findings.Add(new SecurityFinding(isDevelopment ? SecurityWeight.Warning : SecurityWeight.Refused, text));

    // What cannot work anywhere.
    private void Always(string text) => _findings.Add(new SecurityFinding(SecurityWeight.Refused, text));
}
