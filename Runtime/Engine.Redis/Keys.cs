using System.Text;
using Granary.Redis;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Granary.Engine.Redis;

/// <summary>The names of the keys; docs/redis.md lists them. What belongs to a cluster has the cluster id in braces, so that Redis Cluster keeps it together and one script can change it.</summary>
internal sealed class ClusterKeys
{
    /// <exception cref="OrleansConfigurationException">The cluster id cannot be part of a key.</exception>
    internal ClusterKeys(string clusterId)
    {
        if (string.IsNullOrEmpty(clusterId) || clusterId.AsSpan().IndexOfAny("{} \r\n\t*?[]\\") >= 0)
        {
            throw new OrleansConfigurationException(
                $"ClusterOptions.ClusterId is '{clusterId}'. As a part of keys in Redis it is one character or more, without braces, spaces, and the signs of patterns (* ? [ ] \\); for example 'orders-production'.");
        }

        var prefix = $"granary:{{{clusterId}}}:";
        Members = $"{prefix}members";
        Beats = $"{prefix}beats";
        Restoring = $"{prefix}restoring";
        ViewChannel = $"{prefix}views";
        SuspicionChannel = $"{prefix}suspicions";
        DirectoryPrefix = Encoding.UTF8.GetBytes($"{prefix}dir:");
        DirectoryPattern = $"{prefix}dir:*";
    }

    /// <summary>Hash: silo → its row; #version, #epoch, #before.</summary>
    internal RedisKey Members { get; }

    /// <summary>Hash: silo that is not Dead → its beat, the version it has seen, its witnesses.</summary>
    internal RedisKey Beats { get; }

    /// <summary>Hash, there only after the table has lost its contents: silo that has not restored its part → 0 until it has come back, then 1.</summary>
    internal RedisKey Restoring { get; }

    internal string ViewChannel { get; }

    internal string SuspicionChannel { get; }

    /// <summary>Before a grain id: its entry of the directory.</summary>
    internal byte[] DirectoryPrefix { get; }

    internal string DirectoryPattern { get; }

    /// <summary>The key of a grain's entry.</summary>
    internal RedisKey DirectoryEntry(GrainId grain)
    {
        var type = grain.Type.AsSpan();
        var key = grain.Key.AsSpan();
        var name = new byte[DirectoryPrefix.Length + type.Length + 1 + key.Length];
        DirectoryPrefix.CopyTo(name, 0);
        type.CopyTo(name.AsSpan(DirectoryPrefix.Length));
        name[DirectoryPrefix.Length + type.Length] = (byte)'/';
        key.CopyTo(name.AsSpan(DirectoryPrefix.Length + type.Length + 1));
        return name;
    }
}

/// <summary>The names of what belongs to a service and outlives clusters.</summary>
internal static class ServiceKeys
{
    /// <summary>Hash: reminder → its row.</summary>
    internal static RedisKey Reminders(string serviceId) => $"granary:{{{KeyPart.Escape(serviceId)}}}:reminders";

    /// <summary>Sorted set: reminder, by its grain's uniform hash.</summary>
    internal static RedisKey ReminderRing(string serviceId) => $"granary:{{{KeyPart.Escape(serviceId)}}}:reminders:ring";
}
