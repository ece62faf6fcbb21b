using System.Globalization;
using System.Text.Json.Nodes;
using Granary.Deploy.Tests.Support;
using Granary.Tests;

namespace Granary.Deploy.Tests;

/// <summary>The manifests as kubectl renders them: by the schemas of Kubernetes, by the rules of pod security, by what refers to what, and by the hosts, which are asked whether they would start with these settings.</summary>
public sealed class KubernetesTests
{
    public static TheoryData<string> Overlays => [.. Manifests.Overlays.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_document_is_right_by_the_schemas_and_has_no_unknown_field(string overlay)
    {
        var manifests = await Manifests.RenderAsync(overlay);
        Assert.Empty(await Judge.AskAsync("kubernetes", manifests.Documents.Concat(manifests.Secrets).Select(d => ($"{overlay}: {d["kind"]} {Manifests.NameOf(d)}", d))));
    }

    [Theory]
    [InlineData("a name that is no field", "/spec/template/spec/containers/0/livenesProbe is not a field of Deployment")]
    [InlineData("a field in the wrong place", "/spec/template/spec/readOnlyRootFilesystem is not a field of Deployment")]
    [InlineData("a text for a number", "data/spec/minReadySeconds must be integer")]
    [InlineData("a version that is none", "there is no Deployment of apps/v3")]
    public async Task A_broken_document_is_found(string fault, string found)
    {
        var broken = (await Manifests.RenderAsync("production")).Of("Deployment").First().Document.DeepClone().AsObject();
        var pod = broken["spec"]!["template"]!["spec"]!;
        if (fault.Contains("no field", StringComparison.Ordinal)) pod["containers"]![0]!["livenesProbe"] = new JsonObject { ["httpGet"] = new JsonObject { ["path"] = "/healthz", ["port"] = 1 } };
        if (fault.Contains("place", StringComparison.Ordinal)) pod["readOnlyRootFilesystem"] = true;
        if (fault.Contains("number", StringComparison.Ordinal)) broken["spec"]!["minReadySeconds"] = "10";
        if (fault.Contains("version", StringComparison.Ordinal)) broken["apiVersion"] = "apps/v3";
        Assert.Contains(await Judge.AskAsync("kubernetes", [("broken", broken)]), problem => problem.Contains(found, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_pod_keeps_to_the_restricted_rules_of_pod_security(string overlay)
    {
        var manifests = await Manifests.RenderAsync(overlay);
        Assert.Equal("restricted", manifests.Of("Namespace").Single().Document["metadata"]!["labels"]!["pod-security.kubernetes.io/enforce"]!.GetValue<string>());
        Assert.Empty(manifests.Pods().SelectMany(p => PodSecurity.Problems(p.Name, p.Spec)));
    }

    [Theory]
    [InlineData("runAsNonRoot")]
    [InlineData("allowPrivilegeEscalation")]
    [InlineData("hostPath")]
    [InlineData("add")]
    [InlineData("seccompProfile")]
    public async Task A_pod_that_asks_for_more_is_found(string what)
    {
        var pod = (await Manifests.RenderAsync("dev")).Pods().First().Spec.DeepClone().AsObject();
        var container = pod["containers"]![0]!["securityContext"]!;
        if (what == "runAsNonRoot") pod["securityContext"]!["runAsNonRoot"] = false;
        if (what == "allowPrivilegeEscalation") container.AsObject().Remove(what);
        if (what == "hostPath") pod["volumes"]!.AsArray().Add(new JsonObject { ["name"] = "root", [what] = new JsonObject { ["path"] = "/" } });
        if (what == "add") container["capabilities"]!["add"] = new JsonArray("SYS_ADMIN");
        if (what == "seccompProfile") pod["securityContext"]!.AsObject().Remove(what);
        Assert.NotEmpty(PodSecurity.Problems("pod", pod));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task What_is_referred_to_is_there(string overlay) => Assert.Empty(References.Problems(await Manifests.RenderAsync(overlay)));

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_are_probed_bounded_and_have_the_time_they_need_to_stop(string overlay)
    {
        var manifests = await Manifests.RenderAsync(overlay);
        foreach (var (name, workload, _, pod) in manifests.Pods())
        {
            var container = pod["containers"]!.AsArray().Single()!;
            foreach (var probe in (string[])["startupProbe", "readinessProbe", "livenessProbe"]) Assert.True(container[probe] is not null, $"{name} has no {probe}");
            Assert.True(container["resources"]!["limits"]!["cpu"] is null, $"{name} has a limit of processor time");
            Assert.True(container["resources"]!["limits"]!["memory"] is not null && container["resources"]!["requests"]!["memory"] is not null && container["resources"]!["requests"]!["cpu"] is not null, $"{name} has no requests, or no limit of memory");
            Assert.False(pod["automountServiceAccountToken"]!.GetValue<bool>());
            if (name == "redis") continue;

            // StopDelay, DrainTimeout, 10 s: docs/operations.md.
            var delay = manifests.Environment(name).TryGetValue("Granary__StopDelay", out var text) ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : TimeSpan.Zero;
            Assert.True(pod["terminationGracePeriodSeconds"]!.GetValue<int>() > delay.TotalSeconds + 20 + 10, $"{name} is killed before it has stopped");
            var rolling = workload["spec"]!["strategy"]!["rollingUpdate"]!;
            Assert.Equal((1, 0), (rolling["maxSurge"]!.GetValue<int>(), rolling["maxUnavailable"]!.GetValue<int>()));
            Assert.Equal(manifests.Of("HorizontalPodAutoscaler").Any(h => h.Name == name), workload["spec"]!["replicas"] is null);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_setting_and_every_secret_exists_and_no_secret_is_in_the_open(string overlay)
    {
        var manifests = await Manifests.RenderAsync(overlay);
        foreach (var host in (string[])["silo", "apihost"]) Assert.Empty(manifests.Environment(host).Keys.Concat(manifests.SecretFiles(host).Keys).Select(Settings.Problem).OfType<string>());
        Assert.Empty(manifests.Of("Secret"));
    }

    [Theory]
    [InlineData("dev", "silo")]
    [InlineData("dev", "apihost")]
    [InlineData("production", "silo")]
    [InlineData("production", "apihost")]
    public async Task The_hosts_would_start_with_these_settings(string overlay, string name)
    {
        var manifests = await Manifests.RenderAsync(overlay);
        var secrets = Directory.CreateTempSubdirectory("granary-secrets-").FullName;
        try
        {
            foreach (var (file, text) in manifests.SecretFiles(name)) await File.WriteAllTextAsync(Path.Combine(secrets, file), text);
            var environment = manifests.Environment(name);
            environment["Granary__SecretsDirectory"] = secrets;
            if (name == "silo") environment["Granary__Cluster__AdvertisedAddress"] = "127.0.0.1";
            environment.Remove("ASPNETCORE_ENVIRONMENT", out var where);
            await using var host = HostProcess.Start(name == "silo" ? "Silo" : "ApiHost", where!, [.. environment.Where(v => v.Value.Length > 0).Select(v => $"{v.Key}={v.Value}"), "--check"]);
            Assert.True(await host.ExitAsync() == 0, await host.Errors);
            await host.Output;
            Assert.DoesNotContain(host.Lines, line => line.Contains("does nothing", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(secrets, recursive: true);
        }
    }

    [Fact]
    public async Task The_rules_for_the_operator_are_those_of_the_files()
    {
        var groups = (await Manifests.RenderAsync("production")).Of("PrometheusRule").Single().Document["spec"]!["groups"]!.AsArray();
        var files = ((string[])["rules", "alerts"]).SelectMany(f => Repository.Yaml($"deploy/prometheus/{f}.yml")["groups"]!.AsArray()).ToArray();
        Assert.True(JsonNode.DeepEquals(groups, new JsonArray([.. files.Select(f => f!.DeepClone())])), "deploy/k8s/components/prometheus-operator/rules.yaml is not what deploy/prometheus has");
    }
}
