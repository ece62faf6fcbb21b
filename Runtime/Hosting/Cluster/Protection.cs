using System.Net;
using System.Text;
using StackExchange.Redis;

namespace Granary.Hosting.Cluster;

/// <summary>Refuses, outside Development, a cluster that anybody on the network could join or whose Redis anybody could change.</summary>
internal static class Protection
{
    /// <summary>Secrets below this many bytes are guessed too easily.</summary>
    internal const int LeastSecretBytes = 16;

    private const string Allow = "Granary:Cluster:AllowUnprotected";

    /// <summary>What is unprotected.</summary>
    /// <param name="model">The cluster.</param>
    /// <param name="process">What this process is.</param>
    /// <param name="secret">The cluster's secret, if there is one.</param>
    /// <param name="isElsewhere">Whether something else keeps strangers out: certificates, or a secret that cannot be looked at here.</param>
    /// <param name="faults">Where to say so. The secret is not quoted.</param>
    internal static void Check(ClusterModel model, ProcessKind process, string? secret, bool isElsewhere, List<string> faults)
    {
        if (!isElsewhere && Sharing(model, process) is { } sharing)
        {
            if (string.IsNullOrEmpty(secret))
            {
                faults.Add(
                    $"Granary:Engine:ClusterSecret is not set, and this process {sharing}: whoever reaches it could call every grain. Write the same secret in every process of the cluster, for example the output of " +
                    $"'openssl rand -hex 32', as Granary:Engine:ClusterSecret (environment variable Granary__Engine__ClusterSecret) or into a file named by Granary:Engine:ClusterSecretFile; or let certificates tell who may connect (Granary:Engine:Tls). Where the network itself is protected, set {Allow} to true.");
            }
            else if (Encoding.UTF8.GetByteCount(secret) is var bytes and < LeastSecretBytes)
            {
                faults.Add($"The cluster's secret (Granary:Engine:ClusterSecret) has {bytes} bytes; at least {LeastSecretBytes} are needed. 'openssl rand -hex 32' prints a good one.");
            }
        }

        Redis("Granary:Redis:ConnectionString", model.Redis, faults);
        foreach (var (name, storage) in model.Storages)
        {
            if (!ReferenceEquals(storage.Redis, model.Redis)) Redis($"Granary:Storages:{name}:ConnectionString", storage.Redis, faults);
        }
    }

    /// <summary>The first server that is not on this machine; null when all are.</summary>
    internal static string? FirstRemote(ConfigurationOptions redis) => redis.EndPoints.FirstOrDefault(e => !IsLoopback(e)) is { } endpoint ? Name(endpoint) : null;

    private static string? Sharing(ClusterModel model, ProcessKind process)
    {
        if (model.Redis is not null) return "shares its cluster with others (Granary:Redis:ConnectionString is set)";
        return process switch
        {
            ProcessKind.Silo when !IPAddress.IsLoopback(model.Listen ?? model.Advertised) => $"listens on {model.Listen ?? model.Advertised}",
            ProcessKind.Client when model.Gateways.FirstOrDefault(g => !IPAddress.IsLoopback(g.Address)) is { } gateway => $"calls the silo {gateway}",
            _ => null,
        };
    }

    private static void Redis(string setting, ConfigurationOptions? redis, List<string> faults)
    {
        if (redis is null || !string.IsNullOrEmpty(redis.Password)) return;
        if (FirstRemote(redis) is { } remote)
            faults.Add($"{setting} names {remote} and has no password: whoever reaches that Redis could change what the grains have stored. Set a password there and write it, redis:6379,password=..; where the network itself is protected, set {Allow} to true.");
    }

    private static bool IsLoopback(EndPoint endpoint) => endpoint switch
    {
        IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
        DnsEndPoint name => name.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase),
        _ => true,
    };

    private static string Name(EndPoint endpoint) => endpoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : endpoint.ToString()!;
}
