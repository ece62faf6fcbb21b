using System.Text.Json.Nodes;

namespace Granary.Deploy.Tests.Support;

/// <summary>Names and labels by which documents of an overlay refer to others.</summary>
internal static class References
{
    /// <summary>What refers to nothing, a line each.</summary>
    internal static List<string> Problems(Manifests manifests)
    {
        List<string> problems = [];
        var pods = manifests.Pods().ToList();
        foreach (var (name, workload, labels, pod) in pods)
        {
            Expect(Matches(workload["spec"]!["selector"]!["matchLabels"]!.AsObject(), labels), $"{name} does not select its own pods");
            Need(manifests, problems, name, "ServiceAccount", pod["serviceAccountName"]!);
            foreach (var volume in pod["volumes"]?.AsArray() ?? [])
            {
                if (volume!["configMap"]?["name"] is { } map) Need(manifests, problems, name, "ConfigMap", map);
                if (volume["secret"]?["secretName"] is { } secret) Need(manifests, problems, name, "Secret", secret);
                foreach (var source in volume["projected"]?["sources"]?.AsArray() ?? []) Need(manifests, problems, name, "Secret", source!["secret"]!["name"]!);
            }

            foreach (var constraint in pod["topologySpreadConstraints"]?.AsArray() ?? []) Expect(Matches(constraint!["labelSelector"]!["matchLabels"]!.AsObject(), labels), $"{name} is spread by labels it does not have");
        }

        foreach (var (name, service) in manifests.Of("Service"))
        {
            var selected = pods.Where(p => Matches(service["spec"]!["selector"]!.AsObject(), p.Labels)).ToList();
            Expect(selected.Count == 1, $"The service {name} selects {selected.Count} workloads");
            foreach (var port in service["spec"]!["ports"]!.AsArray()) Expect(selected.All(p => HasPort(p.Spec, port!["targetPort"]!)), $"The service {name} leads to a port that is not there");
        }

        foreach (var (name, ingress) in manifests.Of("Ingress"))
        {
            foreach (var backend in ingress["spec"]!["rules"]!.AsArray().SelectMany(r => r!["http"]!["paths"]!.AsArray()).Select(p => p!["backend"]!["service"]!))
                Expect(manifests.Of("Service").Any(s => s.Name == backend["name"]!.GetValue<string>() && s.Document["spec"]!["ports"]!.AsArray().Any(p => p!["name"]!.GetValue<string>() == backend["port"]!["name"]!.GetValue<string>())), $"The ingress {name} leads to a service that is not there");
        }

        foreach (var (name, scaler) in manifests.Of("HorizontalPodAutoscaler")) Expect(manifests.Of("Deployment").Any(d => d.Name == scaler["spec"]!["scaleTargetRef"]!["name"]!.GetValue<string>()), $"The autoscaler {name} scales nothing");
        foreach (var (name, budget) in manifests.Of("PodDisruptionBudget")) Expect(pods.Any(p => Matches(budget["spec"]!["selector"]!["matchLabels"]!.AsObject(), p.Labels)), $"The budget {name} is for no pods");
        foreach (var (name, policy) in manifests.Of("NetworkPolicy").Where(p => p.Document["spec"]!["podSelector"]!["matchLabels"] is not null))
        {
            var selected = pods.Where(p => Matches(policy["spec"]!["podSelector"]!["matchLabels"]!.AsObject(), p.Labels)).ToList();
            Expect(selected.Count == 1, $"The policy {name} is for no pods");
            foreach (var port in (policy["spec"]!["ingress"]?.AsArray() ?? []).SelectMany(i => i!["ports"]?.AsArray() ?? [])) Expect(selected.All(p => HasPort(p.Spec, port!["port"]!)), $"The policy {name} opens a port that is not there");
        }

        foreach (var (name, monitor) in manifests.Of("ServiceMonitor"))
        {
            var labels = monitor["spec"]!["selector"]!["matchLabels"]!.AsObject();
            var services = manifests.Of("Service").Where(s => s.Document["metadata"]!["labels"] is JsonObject own && Matches(labels, own)).ToList();

            // The rules know the jobs silo and apihost, and a job is called as its service.
            Expect(services.Count == 1 && services[0].Name == name, $"The monitor {name} does not find the service {name}");
            if (monitor["spec"]!["endpoints"]![0]!["authorization"]?["credentials"]?["name"] is { } secret) Need(manifests, problems, name, "Secret", secret);
        }

        return problems;

        void Expect(bool holds, string problem)
        {
            if (!holds) problems.Add($"{manifests.Overlay}: {problem}");
        }
    }

    private static void Need(Manifests manifests, List<string> problems, string who, string kind, JsonNode name)
    {
        if (!manifests.Documents.Concat(manifests.Secrets).Any(d => d["kind"]!.GetValue<string>() == kind && Manifests.NameOf(d) == name.GetValue<string>())) problems.Add($"{manifests.Overlay}: {who} needs the {kind} {name}, which is not there");
    }

    private static bool Matches(JsonObject selector, JsonObject labels) => selector.All(l => labels[l.Key]?.GetValue<string>() == l.Value!.GetValue<string>());

    private static bool HasPort(JsonObject pod, JsonNode port) => pod["containers"]!.AsArray().SelectMany(c => c!["ports"]?.AsArray() ?? []).Any(p => p!["name"]?.ToString() == port.ToString() || p["containerPort"]!.ToString() == port.ToString());
}
