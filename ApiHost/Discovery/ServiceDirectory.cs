using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using Granary.Rpc.Cluster;

namespace Granary.ApiHost.Discovery;

/// <summary>The answers of discovery. All of one snapshot are made at once and kept while it is the newest, so that many who wait for the same change cost little. Thread-safe.</summary>
internal sealed class ServiceDirectory(ServiceMap services, IClusterFeed feed)
{
    private volatile Answers? _answers;

    /// <summary>The snapshot now.</summary>
    internal ClusterSnapshot Current => feed.Current;

    /// <summary>Whether this process knows the service.</summary>
    internal bool Knows(string service) => services.Knows(service);

    /// <summary>The answer for a service, or for all of them together, at a snapshot.</summary>
    /// <param name="cluster">The snapshot.</param>
    /// <param name="service">A service this process knows; null for all.</param>
    internal DirectoryAnswer Answer(ClusterSnapshot cluster, string? service)
    {
        var answers = _answers;
        if (answers is null || !ReferenceEquals(answers.Cluster, cluster)) _answers = answers = Make(cluster);
        return service is null ? answers.All : answers.ByService[service];
    }

    /// <summary>
    /// Waits until the answer differs from what a caller has seen, who saw it at <paramref name="index"/>. A change of the cluster that does not change the answer wakes nobody.
    /// </summary>
    /// <returns>The snapshot to answer with; also the newest one when the time is over.</returns>
    internal async Task<ClusterSnapshot> WaitAsync(string? service, DiscoveryIndex index, CancellationToken over)
    {
        var cluster = Current;
        if (!index.Covers(cluster)) return cluster;
        var seen = Answer(cluster, service).ETag;
        try
        {
            while (true)
            {
                cluster = await feed.NextAsync(cluster, over);
                var now = Answer(cluster, service).ETag;

                // Another host of ours was ahead of this one: what the caller saw there arrives here only now.
                if (index.Covers(cluster)) seen = now;
                else if (now != seen) return cluster;
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return Current;
        }
    }

    private Answers Make(ClusterSnapshot cluster)
    {
        var instances = services.Names.Select(name => services.InstancesOf(name, cluster)).ToList();
        return new Answers(
            cluster,
            new DirectoryAnswer(JsonSerializer.SerializeToUtf8Bytes(new ServiceList(instances), DiscoveryJson.Default.ServiceList)),
            instances.ToFrozenDictionary(i => i.Service, i => new DirectoryAnswer(JsonSerializer.SerializeToUtf8Bytes(i, DiscoveryJson.Default.ServiceInstances)), StringComparer.Ordinal));
    }

    private sealed record Answers(ClusterSnapshot Cluster, DirectoryAnswer All, FrozenDictionary<string, DirectoryAnswer> ByService);
}

/// <summary>One answer and what it is recognised by.</summary>
internal sealed class DirectoryAnswer(byte[] body)
{
    private const int TagBytes = 12;

    /// <summary>JSON.</summary>
    internal byte[] Body { get; } = body;

    /// <summary>The same for the same body, in every host: part of a hash, in quotes.</summary>
    internal string ETag { get; } = $"\"{Base64Url.EncodeToString(SHA256.HashData(body).AsSpan(0, TagBytes))}\"";
}

/// <summary>All services.</summary>
/// <param name="Services">By name.</param>
public sealed record ServiceList(IReadOnlyList<ServiceInstances> Services);
