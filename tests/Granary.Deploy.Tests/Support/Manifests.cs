using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace Granary.Deploy.Tests.Support;

/// <summary>What <c>kubectl apply -k</c> would send for an overlay, and the secrets that <c>deploy/k8s/secrets</c> makes for it.</summary>
internal sealed class Manifests
{
    /// <summary>The overlays, each with its namespace and what its secrets are made with.</summary>
    internal static readonly (string Name, string Namespace, string[] Secrets)[] Overlays =
        [("dev", "granary-dev", []), ("staging", "granary-staging", []), ("production", "granary", ["--redis", "redis.example.com:6380,password=a-password-of-production,ssl=true", "--authority"])];

    private static readonly ConcurrentDictionary<string, Lazy<Task<Manifests>>> s_rendered = new(StringComparer.Ordinal);

    private Manifests(string overlay, List<JsonObject> documents, List<JsonObject> secrets) => (Overlay, Documents, Secrets) = (overlay, documents, secrets);

    internal string Overlay { get; }

    internal List<JsonObject> Documents { get; }

    internal List<JsonObject> Secrets { get; }

    internal static Task<Manifests> RenderAsync(string overlay) => s_rendered.GetOrAdd(overlay, static o => new Lazy<Task<Manifests>>(() => LoadAsync(o))).Value;

    /// <summary>All documents of a kind, with their names.</summary>
    internal IEnumerable<(string Name, JsonObject Document)> Of(string kind) => Documents.Where(d => d["kind"]!.GetValue<string>() == kind).Select(d => (NameOf(d), d));

    /// <summary>The pods that Deployments and StatefulSets make.</summary>
    internal IEnumerable<(string Name, JsonObject Workload, JsonObject Labels, JsonObject Spec)> Pods() =>
        Of("Deployment").Concat(Of("StatefulSet")).Select(w => (w.Name, w.Document, w.Document["spec"]!["template"]!["metadata"]!["labels"]!.AsObject(), w.Document["spec"]!["template"]!["spec"]!.AsObject()));

    /// <summary>The environment of the one container of a Deployment: its ConfigMaps, and its own variables.</summary>
    internal Dictionary<string, string> Environment(string deployment)
    {
        var container = Pods().Single(p => p.Name == deployment).Spec["containers"]![0]!;
        Dictionary<string, string> environment = new(StringComparer.Ordinal);
        foreach (var source in container["envFrom"]?.AsArray() ?? [])
        {
            foreach (var (name, value) in Of("ConfigMap").Single(c => c.Name == source!["configMapRef"]!["name"]!.GetValue<string>()).Document["data"]!.AsObject()) environment[name] = value!.GetValue<string>();
        }

        foreach (var variable in container["env"]!.AsArray()) environment[variable!["name"]!.GetValue<string>()] = variable["value"]?.GetValue<string>() ?? "";
        return environment;
    }

    /// <summary>The files that a container of a Deployment finds in its secrets' directory.</summary>
    internal Dictionary<string, string> SecretFiles(string deployment)
    {
        var volume = Pods().Single(p => p.Name == deployment).Spec["volumes"]!.AsArray().Single(v => v!["name"]!.GetValue<string>() == "secrets")!;
        var names = volume["secret"] is { } one ? [one["secretName"]!.GetValue<string>()] : volume["projected"]!["sources"]!.AsArray().Select(s => s!["secret"]!["name"]!.GetValue<string>());
        return names.SelectMany(name => Secrets.Single(s => s["kind"]!.GetValue<string>() == "Secret" && NameOf(s) == name)["data"]!.AsObject())
            .ToDictionary(d => d.Key, d => Encoding.UTF8.GetString(Convert.FromBase64String(d.Value!.GetValue<string>())), StringComparer.Ordinal);
    }

    internal static string NameOf(JsonObject document) => document["metadata"]!["name"]!.GetValue<string>();

    private static async Task<Manifests> LoadAsync(string overlay)
    {
        var (_, space, arguments) = Overlays.Single(o => o.Name == overlay);
        var said = await Tool.RunAsync("kubectl", ["kustomize", $"deploy/k8s/overlays/{overlay}"]);
        Assert.True(said.Code == 0, $"{said} (kubectl 1.21 or later is needed, for components)");
        Assert.DoesNotContain("deprecated", said.Errors, StringComparison.OrdinalIgnoreCase);
        var secrets = await Tool.RunAsync("bash", ["deploy/k8s/secrets", space, .. arguments]);
        Assert.True(secrets.Code == 0, secrets.ToString());
        return new Manifests(overlay, Repository.Documents(said.Output), Repository.Documents(secrets.Output));
    }
}
