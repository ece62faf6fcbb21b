using Granary.Hosting.Security;
using Microsoft.Extensions.Configuration;

namespace Granary.Tests;

/// <summary>What the look through a host's settings finds.</summary>
public sealed class SecurityReviewTests
{
    [Theory]
    [InlineData("Urls=http://0.0.0.0:8080", "Granary:Tls:BehindProxy")]
    [InlineData("Urls=http://*:8080;https://*:8443;Granary:Tls:CertificateFile=x", "clear text")]
    [InlineData("Urls=http://[::]:8080", "clear text")]
    [InlineData("Urls=http://localhost:1;Kestrel:Endpoints:Open:Url=http://10.0.0.7:80", "Kestrel:Endpoints:Open:Url")]
    [InlineData("Urls=https://localhost:8443", "there is no certificate")]
    [InlineData("Granary:Tls:CertificateFile=x;Kestrel:Certificates:Default:Path=y", "are both set")]
    [InlineData("Granary:Authentication:Key=your-256-bit-secret-that-is-long-enough", "examples")]
    [InlineData("Granary:Authentication:Key=a key that is at least 32 bytes long", "examples")]
    [InlineData("Granary:Authentication:Key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1 different characters")]
    [InlineData("Granary:Engine:ClusterSecret=changeme-changeme", "examples")]
    [InlineData("Granary:Authentication:Authority=http://login.example.com;Granary:Authentication:RequireHttps=false", "by http")]
    public void In_production_it_is_refused_with_what_to_write(string settings, string says)
    {
        var refused = Look(settings).Where(f => f.Weight == SecurityWeight.Refused).ToList();
        Assert.Contains(says, Assert.Single(refused).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("your-256", refused[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("aaaa", refused[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("changeme", refused[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Urls=http://0.0.0.0:8080;Granary:Tls:BehindProxy=true")]
    [InlineData("Urls=http://0.0.0.0:8080;Granary:Tls:RedirectHttp=true;Granary:Tls:CertificateFile=x")]
    [InlineData("Urls=http://localhost:8080")]
    [InlineData("Urls=http://127.0.0.1:0")]
    [InlineData("Urls=http://[::1]:8080")]
    [InlineData("Urls=https://0.0.0.0:8443;Granary:Tls:CertificateFile=x")]
    [InlineData("Urls=https://0.0.0.0:8443;Kestrel:Certificates:Default:Path=x")]
    [InlineData("Granary:Authentication:Key=qN3vRk8b1x0Zt7Lw5mYc2Ua9Jd4Hs6Pe")]
    [InlineData("Granary:Authentication:Authority=http://localhost:5000;Granary:Authentication:RequireHttps=false")]
    public void What_is_safe_or_said_to_be_meant_is_not_refused(string settings) => Assert.DoesNotContain(Look(settings), f => f.Weight == SecurityWeight.Refused);

    [Theory]
    [InlineData("Granary:Cors:Origins:0=*", "Granary:Cors:Origins")]
    [InlineData("Granary:AnonymousMetrics=true", "Granary:AnonymousMetrics")]
    [InlineData("Granary:RateLimits:Enabled=false", "Granary:RateLimits:Enabled")]
    [InlineData("Granary:Cluster:AllowUnprotected=true", "Granary:Cluster:AllowUnprotected")]
    [InlineData("Granary:Engine:Tls:CertificateFile=x;Granary:Engine:Tls:RequireMutual=false", "RequireMutual")]
    [InlineData("Logging:LogLevel:Microsoft.AspNetCore=Debug", "Logging:LogLevel:Microsoft.AspNetCore")]
    public void What_may_be_meant_is_a_warning(string settings, string says) => Assert.Contains(Look(settings), f => f.Weight == SecurityWeight.Warning && f.Text.Contains(says, StringComparison.Ordinal));

    [Theory]
    [InlineData("", "Granary:OpenApi:Enabled")]
    [InlineData("Granary:Redis:ConnectionString=redis.example:6379,password=hunter2", "ssl=true")]
    [InlineData("Granary:Engine:Tls:CertificateFile=x", "CrlFile")]
    [InlineData("Granary:SecurityHeaders=false", "Granary:SecurityHeaders")]
    public void What_is_good_to_know_is_a_note(string settings, string says)
    {
        var found = Look(settings);
        Assert.Contains(found, f => f.Weight == SecurityWeight.Note && f.Text.Contains(says, StringComparison.Ordinal));
        Assert.DoesNotContain(found, f => f.Text.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void In_development_the_same_is_a_warning_and_an_open_address_one_too()
    {
        var found = Look("Urls=http://0.0.0.0:8080;Granary:Authentication:Key=your-256-bit-secret-that-is-long-enough", isDevelopment: true);
        Assert.DoesNotContain(found, f => f.Weight == SecurityWeight.Refused);
        Assert.Equal(2, found.Count(f => f.Weight == SecurityWeight.Warning));
    }

    [Fact]
    public void A_silos_own_address_is_for_those_who_run_it() =>
        Assert.DoesNotContain(Look("Urls=http://0.0.0.0:8080", facesCallers: false), f => f.Weight != SecurityWeight.Note);

    [Fact]
    public async Task A_check_says_everything_and_starts_nothing()
    {
        await using var good = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:AnonymousMetrics=true", "--check");
        Assert.Equal(0, await good.ExitAsync());
        await good.Output;
        Assert.Contains("The settings are accepted.", good.Lines);
        Assert.Contains(good.Lines, l => l.StartsWith("- warning: Granary:AnonymousMetrics", StringComparison.Ordinal));
        Assert.Contains(good.Lines, l => l.StartsWith("- note: Granary:OpenApi:Enabled", StringComparison.Ordinal));
        Assert.DoesNotContain(good.Lines, l => l.Contains("listening", StringComparison.Ordinal));

        await using var bad = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:AnonymousMetrics=true", "Urls=http://0.0.0.0:0", "--check");
        Assert.Equal(1, await bad.ExitAsync());
        await bad.Output;
        Assert.Contains("Granary:Tls:BehindProxy", await bad.Errors, StringComparison.Ordinal);
        Assert.Contains(bad.Lines, l => l.StartsWith("- warning: Granary:AnonymousMetrics", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_would_take_tokens_in_clear_text_does_not_start()
    {
        await using var host = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Urls=http://0.0.0.0:0");
        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("clear text", await host.Errors, StringComparison.Ordinal);
    }

    private static IReadOnlyList<SecurityFinding> Look(string settings, bool isDevelopment = false, bool facesCallers = true)
    {
        // Addresses are a list with semicolons themselves: what has no name belongs to the one before.
        var pairs = new List<KeyValuePair<string, string?>>();
        foreach (var part in settings.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = part.Split('=', 2);
            if (parts.Length == 2) pairs.Add(new(parts[0], parts[1]));
            else pairs[^1] = new(pairs[^1].Key, $"{pairs[^1].Value};{part}");
        }

        return new SecurityReview(new ConfigurationBuilder().AddInMemoryCollection(pairs).Build(), isDevelopment, facesCallers).Look().Findings;
    }
}
