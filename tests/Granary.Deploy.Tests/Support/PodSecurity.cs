using System.Text.Json.Nodes;

namespace Granary.Deploy.Tests.Support;

/// <summary>The profile <c>restricted</c> of the Kubernetes Pod Security Standards, as far as a pod of ours could break it.</summary>
internal static class PodSecurity
{
    private static readonly string[] s_volumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    /// <summary>What breaks the profile, a line each.</summary>
    internal static IEnumerable<string> Problems(string name, JsonObject pod)
    {
        foreach (var setting in (string[])["hostNetwork", "hostPID", "hostIPC"])
        {
            if (Is(pod[setting])) yield return $"{name}: {setting}";
        }

        foreach (var volume in pod["volumes"]?.AsArray() ?? [])
        {
            if (volume!.AsObject().FirstOrDefault(f => f.Key != "name" && !s_volumes.Contains(f.Key)).Key is { } kind) yield return $"{name}: a volume of kind {kind}";
        }

        var context = pod["securityContext"];
        foreach (var container in (pod["containers"]?.AsArray() ?? []).Concat(pod["initContainers"]?.AsArray() ?? []))
        {
            var own = container!["securityContext"];
            if (!Is(own?["runAsNonRoot"] ?? context?["runAsNonRoot"])) yield return $"{name}: runAsNonRoot is not true";
            if ((own?["runAsUser"] ?? context?["runAsUser"])?.GetValue<int>() is null or 0) yield return $"{name}: runAsUser is not told, or root";
            if (own?["allowPrivilegeEscalation"] is not { } escalation || Is(escalation)) yield return $"{name}: allowPrivilegeEscalation is not false";
            if (Is(own?["privileged"])) yield return $"{name}: privileged";
            if (!Is(own?["readOnlyRootFilesystem"])) yield return $"{name}: readOnlyRootFilesystem is not true";
            if (own?["capabilities"]?["drop"]?.AsArray().Any(c => c!.GetValue<string>() == "ALL") != true) yield return $"{name}: capabilities are not dropped";
            if (own?["capabilities"]?["add"]?.AsArray().Any(c => c!.GetValue<string>() != "NET_BIND_SERVICE") == true) yield return $"{name}: capabilities are added";
            if ((own?["seccompProfile"] ?? context?["seccompProfile"])?["type"]?.GetValue<string>() is not ("RuntimeDefault" or "Localhost")) yield return $"{name}: no seccompProfile";
            foreach (var port in container["ports"]?.AsArray() ?? [])
            {
                if (port!["hostPort"] is not null) yield return $"{name}: a hostPort";
            }
        }
    }

    private static bool Is(JsonNode? node) => node?.GetValue<bool>() == true;
}
