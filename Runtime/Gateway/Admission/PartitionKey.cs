using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Granary.Gateway.Admission;

/// <summary>What a policy tells apart, as in <see cref="RateLimitBy"/>.</summary>
[Flags]
internal enum PartitionParts
{
    Caller = 1 << RateLimitBy.Caller,
    Tenant = 1 << RateLimitBy.Tenant,
    Address = 1 << RateLimitBy.Address,
    Method = 1 << RateLimitBy.Method,
    Service = 1 << RateLimitBy.Service,
    All = 1 << RateLimitBy.All,
}

/// <summary>Who calls, as far as limits are concerned.</summary>
/// <param name="Subject">The token's; empty without one.</param>
/// <param name="Tenant">The token's; empty without one.</param>
/// <param name="Network">Of the caller's address; see <see cref="NetworkOf"/>.</param>
internal readonly record struct RateLimitCaller(string Subject, string Tenant, UInt128 Network)
{
    public static RateLimitCaller Of(RpcCall call, RateLimitSet limits)
    {
        var caller = call.Caller;
        return new(caller.Subject, caller.Tenant ?? "", limits.IsByAddress || !caller.IsAuthenticated ? NetworkOf(call.RemoteAddress) : 0);
    }

    /// <summary>An IPv4 address, mapped to IPv6, or the first 64 bits of an IPv6 address; all ones where there is none. Allocates nothing.</summary>
    public static UInt128 NetworkOf(IPAddress? address)
    {
        if (address is null) return UInt128.MaxValue;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            bytes[..length].CopyTo(bytes[12..]);
            bytes[..10].Clear();
            bytes[10..12].Fill(0xff);
        }
        else if (!address.IsIPv4MappedToIPv6)
        {
            bytes[8..].Clear();
        }

        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}

/// <summary>Names a bucket. Limit and target are compared as objects, the rest by value.</summary>
internal readonly struct PartitionKey(RateLimit limit, object? target, string subject, string tenant, UInt128 network) : IEquatable<PartitionKey>
{
    private readonly RateLimit _limit = limit;
    private readonly object? _target = target;
    private readonly string _subject = subject;
    private readonly string _tenant = tenant;
    private readonly UInt128 _network = network;

    /// <summary>The key that newcomers share when there is no room.</summary>
    public PartitionKey Overflow => new(_limit, _target, "", "", UInt128.MaxValue - 1);

    public bool Equals(PartitionKey other) => ReferenceEquals(_limit, other._limit) && ReferenceEquals(_target, other._target) && _network == other._network && _subject == other._subject && _tenant == other._tenant;

    public override bool Equals(object? obj) => obj is PartitionKey other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(_limit), RuntimeHelpers.GetHashCode(_target), _subject, _tenant.Length == 0 ? 0 : _tenant.GetHashCode(StringComparison.Ordinal), _network);

    /// <summary>
    /// 32 hexadecimal digits that are the same in every gateway: a hash, so that keys in Redis are short whatever callers are called, and tell nobody who they are.
    /// </summary>
    public string Digest(string scopeName)
    {
        // Lengths in front, so that no two keys are one text.
        var text = $"{scopeName.Length} {scopeName} {_subject.Length} {_subject} {_tenant.Length} {_tenant} {_network:x32}";
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
