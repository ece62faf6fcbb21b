using System.CommandLine;
using Granary.Cli.Output;

namespace Granary.Cli.Connection;

/// <summary>The options that say which host, and as whom; every command has them.</summary>
internal static class HostSettings
{
    private const string DefaultAddress = "http://localhost:8080";

    private static readonly Option<string> s_url = new("--url", "-u") { Description = "The host's address (environment variable GRANARY_URL; without it http://localhost:8080).", Recursive = true, HelpName = "address" };
    private static readonly Option<string> s_token = new("--token", "-t") { Description = "The token to call with (GRANARY_TOKEN, which other users of the machine cannot see, is better).", Recursive = true, HelpName = "token" };
    private static readonly Option<string[]> s_headers = new("--header", "-H") { Description = "A further request header, 'name: value'. May be repeated.", Recursive = true, HelpName = "header" };
    private static readonly Option<bool> s_noColor = new("--no-color") { Description = "No colours (NO_COLOR does the same).", Recursive = true };

    public static IEnumerable<Option> Options => [s_url, s_token, s_headers, s_noColor];

    /// <exception cref="UsageException">An option is wrong.</exception>
    public static HostClient Connect(ParseResult parsed, int connections = 8)
    {
        Terminal.AllowColor = !parsed.GetValue(s_noColor);
        var token = parsed.GetValue(s_token) ?? Environment.GetEnvironmentVariable("GRANARY_TOKEN");
        return new HostClient(Address(parsed.GetValue(s_url)), string.IsNullOrWhiteSpace(token) ? null : token.Trim(), Headers(parsed.GetValue(s_headers) ?? []), connections);
    }

    private static Uri Address(string? given)
    {
        var (text, where) = given is not null ? (given, "--url") : (Environment.GetEnvironmentVariable("GRANARY_URL") is { Length: > 0 } set ? set : DefaultAddress, "GRANARY_URL");
        if (!text.Contains("://", StringComparison.Ordinal)) text = "http://" + text;
        return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.Query.Length == 0
            ? address : throw new UsageException($"{where} is '{text}'; write an address like {DefaultAddress}");
    }

    private static IEnumerable<KeyValuePair<string, string>> Headers(string[] lines)
    {
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || line.AsSpan().IndexOfAny('\r', '\n') >= 0) throw new UsageException($"--header is '{line}'; write it like 'X-Tenant: blue'");
            yield return new(line[..colon].Trim(), line[(colon + 1)..].Trim());
        }
    }
}
