using System.Text.Json.Nodes;
using Granary.Deploy.Tests.Support;

namespace Granary.Deploy.Tests;

/// <summary><c>docker-compose.yml</c>.</summary>
public sealed class ComposeTests
{
    private static readonly JsonObject s_compose = Repository.Yaml("docker-compose.yml");

    private static IEnumerable<KeyValuePair<string, JsonObject>> Services => s_compose["services"]!.AsObject().Select(s => KeyValuePair.Create(s.Key, s.Value!.AsObject()));

    [Fact]
    public async Task Compose_accepts_the_file()
    {
        var said = await Tool.RunAsync("docker-compose", ["config", "--quiet"], null, null, ("PROMETHEUS_KEY_SHA256", new string('0', 64)));
        Assert.True(said.Code == 0, said.ToString());
        var without = await Tool.RunAsync("docker-compose", ["config", "--quiet"]);
        Assert.True(without.Code != 0 && without.Errors.Contains("deploy/docker/up", StringComparison.Ordinal), without.ToString());
    }

    [Fact]
    public async Task The_file_is_right_by_the_specification() => Assert.Empty(await Judge.AskAsync("compose", [("docker-compose.yml", s_compose)]));

    [Fact]
    public async Task A_field_that_the_specification_does_not_know_is_found()
    {
        var wrong = s_compose.DeepClone().AsObject();
        wrong["services"]!["silo"]!["mem_limits"] = "1g";
        Assert.NotEmpty(await Judge.AskAsync("compose", [("docker-compose.yml", wrong)]));
    }

    [Fact]
    public void Every_setting_of_a_host_exists()
    {
        var problems = Services.Where(s => s.Value["environment"] is JsonObject).SelectMany(s => s.Value["environment"]!.AsObject()).Select(v => Settings.Problem(v.Key)).OfType<string>();
        Assert.Empty(problems.Distinct());
        Assert.NotNull(Settings.Problem("Granary__StopDelays"));
        Assert.NotNull(Settings.Problem("Granary__Authentication__ApiKeys__prometheus__Hash"));
    }

    [Fact]
    public void Nothing_runs_with_more_rights_than_it_needs()
    {
        foreach (var (name, service) in Services)
        {
            Assert.True(service["read_only"]?.GetValue<bool>() == true && service["cap_drop"]?.AsArray().Single()?.GetValue<string>() == "ALL", $"{name} may write, or has capabilities");
            Assert.True(service["security_opt"]?.AsArray().Single()?.GetValue<string>() == "no-new-privileges:true", $"{name} may gain rights");
            Assert.True(service["mem_limit"] is not null, $"{name} may use all of the memory");
            var image = service["image"]!.GetValue<string>();
            Assert.True(service["build"] is not null || (image.Contains(':', StringComparison.Ordinal) && !image.EndsWith(":latest", StringComparison.Ordinal)), $"{image} is a moving target");
            foreach (var port in service["ports"]?.AsArray() ?? []) Assert.StartsWith("127.0.0.1:", port!.GetValue<string>(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_stop_has_the_time_it_may_take()
    {
        foreach (var (name, service) in Services.Where(s => s.Key is "silo" or "apihost"))
        {
            var delay = service["environment"]!["Granary__StopDelay"] is { } text ? TimeSpan.Parse(text.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture) : TimeSpan.Zero;

            // StopDelay, DrainTimeout, and 10 s: docs/operations.md.
            var needed = delay + TimeSpan.FromSeconds(20 + 10);
            Assert.True(service["stop_grace_period"]!.GetValue<string>() == "45s" && needed < TimeSpan.FromSeconds(45), $"{name} needs {needed}");
        }
    }
}
