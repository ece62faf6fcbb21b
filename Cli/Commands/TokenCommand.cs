using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Output;
using Granary.Gateway.Authentication;

namespace Granary.Cli.Commands;

/// <summary><c>granary token</c>: a token, signed here with a key, or issued by a development host.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var subject = new Option<string>("--subject", "-s") { Description = "Who the caller is.", DefaultValueFactory = _ => "developer", HelpName = "name" };
        var roles = new Option<string[]>("--role", "-r") { Description = "A role. May be repeated; without one it is user.", HelpName = "role" };
        var scopes = new Option<string[]>("--scope") { Description = "A scope. May be repeated; needs a key.", HelpName = "scope" };
        var tenant = new Option<string?>("--tenant") { Description = "The tenant.", HelpName = "name" };
        var region = new Option<string?>("--region") { Description = "The region; needs a key.", HelpName = "name" };
        var lifetime = new Option<string>("--lifetime", "-l") { Description = "How long it is good for: 30m, 12h, 7d.", DefaultValueFactory = _ => "1h", HelpName = "time" };
        var keyFile = new Option<FileInfo?>("--key-file", "-k") { Description = "A file with the signing key (Granary:Authentication:Key); or the key in GRANARY_KEY. Without either a development host issues the token.", HelpName = "file" };
        var issuer = new Option<string?>("--issuer") { Description = "What 'iss' says; needs a key.", HelpName = "name" };
        var audience = new Option<string>("--audience") { Description = "What 'aud' says; needs a key.", DefaultValueFactory = _ => "granary", HelpName = "name" };
        var command = new Command("token", "Prints a token.") { subject, roles, scopes, tenant, region, lifetime, keyFile, issuer, audience };
        command.SetAction(async (parsed, cancellation) =>
        {
            var who = parsed.GetRequiredValue(subject);
            if (who.Length == 0) throw new UsageException("--subject is empty");
            var time = Lifetime(parsed.GetRequiredValue(lifetime));
            var asRoles = parsed.GetValue(roles) is { Length: > 0 } given ? given : ["user"];
            if (Key(parsed.GetValue(keyFile)) is { } key)
            {
                var options = new AuthenticationOptions { Key = key, Issuer = parsed.GetValue(issuer), Audience = parsed.GetRequiredValue(audience) };
                Console.Out.WriteLine(new TokenIssuer(options).Issue(who, asRoles, time, parsed.GetValue(scopes) is { Length: > 0 } wanted ? wanted : null, parsed.GetValue(tenant), parsed.GetValue(region)));
                return ExitCode.Ok;
            }

            if (parsed.GetValue(scopes) is { Length: > 0 } || parsed.GetValue(region) is not null || parsed.GetValue(issuer) is not null || parsed.GetRequiredValue(audience) != "granary")
                throw new UsageException("scopes, region, issuer and audience need a key: --key-file, or GRANARY_KEY");
            using var host = HostSettings.Connect(parsed);
            Console.Out.WriteLine(await IssueAsync(host, who, asRoles, time, parsed.GetValue(tenant), cancellation));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<string> IssueAsync(HostClient host, string subject, string[] roles, TimeSpan lifetime, string? tenant, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "admin/tokens");
        request.Content = JsonContent.Create(new { subject, roles, minutes = (int)Math.Ceiling(lifetime.TotalMinutes), tenant });
        using var response = await host.SendForSuccessAsync(request, cancellation);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellation));
        return answer.RootElement.GetProperty("token").GetString()!;
    }

    private static string? Key(FileInfo? file)
    {
        var (key, where) = (Environment.GetEnvironmentVariable("GRANARY_KEY"), "GRANARY_KEY");
        if (file is not null) (key, where) = (file.Exists ? File.ReadAllText(file.FullName).TrimEnd('\r', '\n') : throw new UsageException($"there is no file {file}"), file.ToString());
        if (string.IsNullOrEmpty(key)) return null;
        var bytes = System.Text.Encoding.UTF8.GetByteCount(key);
        return bytes >= TokenRules.LeastKeyBytes ? key : throw new UsageException($"the key in {where} has {bytes} bytes; at least {TokenRules.LeastKeyBytes} are needed");
    }

    private static TimeSpan Lifetime(string text)
    {
        var unit = text is [.., 'm'] ? TimeSpan.FromMinutes(1) : text is [.., 'h'] ? TimeSpan.FromHours(1) : text is [.., 'd'] ? TimeSpan.FromDays(1) : TimeSpan.Zero;
        return unit > TimeSpan.Zero && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 100_000
            ? unit * count : throw new UsageException($"--lifetime is '{text}'; write 30m, 12h or 7d");
    }
}
