using System.Net;
using System.Net.Sockets;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>How a process talks to the others of its cluster.</summary>
internal sealed class PeerNetworkOptions
{
    /// <summary>Only processes with the same cluster id talk to each other.</summary>
    internal required string ClusterId { get; init; }

    /// <summary>When set, both ends of a connection prove that they know it; null trusts whoever can connect.</summary>
    internal string? SharedSecret { get; init; }

    /// <summary>TLS under every connection; null for none.</summary>
    internal Granary.Hosting.TlsOptions? Tls { get; init; }

    /// <summary>Connections to each peer; a grain's calls stay on one, so that they keep their order. 1 to 64.</summary>
    internal int Lanes { get; init; } = Math.Min(4, Environment.ProcessorCount);

    /// <summary>The largest frame, bytes: the largest message between processes.</summary>
    internal int MaxFrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>What may wait to be written to one connection, bytes, before new calls are refused.</summary>
    internal int MaxQueuedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Connections that may be in the handshake at once; further ones are closed as they come.</summary>
    internal int MaxPendingHandshakes { get; init; } = 1024;

    /// <summary>The same from one address.</summary>
    internal int MaxPendingHandshakesPerAddress { get; init; } = 256;

    /// <summary>Clients that may be connected at once. Silos are always let in.</summary>
    internal int MaxClients { get; init; } = 10_000;

    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection that has been silent for so long is asked for a sign of life.</summary>
    internal TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection that has been silent for so long is given up.</summary>
    internal TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A client's connection over which nothing was called for so long is closed, but for its last one; <see cref="TimeSpan.Zero"/> keeps all.</summary>
    internal TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a silo that could not be reached is not tried again, at first; doubled each time up to <see cref="MaxBackoff"/>, less up to a half at random.</summary>
    internal TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(100);

    internal TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Opens the way to another process, in place of TCP: for tests.</summary>
    internal Func<IPEndPoint, CancellationToken, Task<Socket>>? Connect { get; init; }

    /// <summary>A silo's: what its clients must know of the cluster, given to each as it connects. See <see cref="PeerNetwork.PublishView"/>.</summary>
    internal Func<byte[]>? View { get; init; }

    /// <summary>A client's: a silo sent its view of the cluster. On the connection's thread: short.</summary>
    internal Action<SiloAddress, byte[]>? OnView { get; init; }

    /// <summary>The last connection to a silo has ended, or, first, the silo says that it stops: once for each time it is lost.</summary>
    internal Action<SiloAddress>? OnPeerLost { get; init; }

    internal void Validate()
    {
        if (Lanes is < 1 or > 64) throw new OrleansConfigurationException($"Lanes is {Lanes}. Write 1 to 64.");
        if (MaxFrameBytes < 4096) throw new OrleansConfigurationException($"MaxFrameBytes is {MaxFrameBytes}. Write 4096 or more.");
        if (MaxQueuedBytes < MaxFrameBytes) throw new OrleansConfigurationException($"MaxQueuedBytes is {MaxQueuedBytes}, which a frame of MaxFrameBytes ({MaxFrameBytes}) does not fit. Write at least that.");
        if (SharedSecret is { Length: 0 }) throw new OrleansConfigurationException("Granary:Engine:ClusterSecret is empty, which everyone knows. Write a long random text, the same on all processes, or remove the setting.");
        if (MaxPendingHandshakes < 1 || MaxPendingHandshakesPerAddress < 1 || MaxClients < 1) throw new OrleansConfigurationException("MaxPendingHandshakes, MaxPendingHandshakesPerAddress and MaxClients must be 1 or more.");
        if (DeadAfter <= PingAfter) throw new OrleansConfigurationException($"DeadAfter is {DeadAfter} and PingAfter {PingAfter}. Write a longer DeadAfter: the answer to a ping takes time.");
    }
}
