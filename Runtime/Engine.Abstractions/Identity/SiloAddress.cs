using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>
/// One run of a silo process: its endpoint and a generation, which a restart on the same endpoint changes. A negative generation is a client.
/// The parsable form is <c>ip:port@generation</c>. Instances are immutable; hash and text are computed once.
/// </summary>
[Immutable]
[JsonConverter(typeof(SiloAddressConverter))]
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>, ISpanFormattable, IParsable<SiloAddress>, IUtf8SpanParsable<SiloAddress>
{
    private const char GenerationMark = '@';
    private static readonly DateTimeOffset FirstGeneration = new(2022, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static int s_lastGeneration;

    private readonly int _hashCode;
    private string? _text;
    private string? _parsable;

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
        _hashCode = ComputeHash(seed: 0);
    }

    public IPEndPoint Endpoint { get; }

    public int Generation { get; }

    /// <summary>True for a process that only calls grains.</summary>
    public bool IsClient => Generation < 0;

    /// <summary>Address 0.0.0.0:0, generation 0: nobody.</summary>
    public static SiloAddress Zero { get; } = New(IPAddress.Any, 0, 0);

    /// <exception cref="ArgumentNullException"><paramref name="ep"/> is null.</exception>
    public static SiloAddress New(IPEndPoint ep, int gen)
    {
        ArgumentNullException.ThrowIfNull(ep);
        return new SiloAddress(new IPEndPoint(ep.Address, ep.Port), gen); // an IPEndPoint can be changed
    }

    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    /// <summary>A generation greater than every one this process allocated before: seconds since 2022, or one more than the last.</summary>
    public static int AllocateNewGeneration()
    {
        var now = (int)(TimeProvider.System.GetUtcNow() - FirstGeneration).TotalSeconds;
        while (true)
        {
            var last = Volatile.Read(ref s_lastGeneration);
            var next = Math.Max(now, last + 1);
            if (Interlocked.CompareExchange(ref s_lastGeneration, next, last) == last)
                return next;
        }
    }

    /// <summary>Reads what <see cref="ToParsableString"/> wrote.</summary>
    /// <exception cref="FormatException">The text is not <c>ip:port@generation</c>.</exception>
    public static SiloAddress FromParsableString(string addr) => Parse(addr, null);

    /// <inheritdoc cref="FromParsableString"/>
    public static SiloAddress FromUtf8String(ReadOnlySpan<byte> addr) => Parse(addr, null);

    /// <inheritdoc cref="FromParsableString"/>
    public static SiloAddress Parse(string value) => Parse(value, null);

    /// <inheritdoc cref="FromParsableString"/>
    public static SiloAddress Parse(string value, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse(value, provider, out var result) ? result : throw NotAnAddress(value);
    }

    /// <inheritdoc cref="FromParsableString"/>
    public static SiloAddress Parse(ReadOnlySpan<byte> utf8Text) => Parse(utf8Text, null);

    /// <inheritdoc cref="FromParsableString"/>
    public static SiloAddress Parse(ReadOnlySpan<byte> utf8Text, IFormatProvider? provider = null) =>
        TryParse(utf8Text, provider, out var result) ? result : throw NotAnAddress(Encoding.UTF8.GetString(utf8Text));

    public static bool TryParse([NotNullWhen(true)] string? value, [NotNullWhen(true)] out SiloAddress? result) => TryParse(value, null, out result);

    public static bool TryParse([NotNullWhen(true)] string? value, IFormatProvider? provider, [NotNullWhen(true)] out SiloAddress? result)
    {
        result = null;
        var text = value.AsSpan();
        var mark = text.LastIndexOf(GenerationMark);
        if (mark <= 0)
            return false;
        var endpoint = text[..mark];
        var colon = endpoint.LastIndexOf(':');
        if (colon <= 0
            || !IPAddress.TryParse(endpoint[..colon], out var ip)
            || !ushort.TryParse(endpoint[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || !int.TryParse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var generation))
            return false;
        result = New(ip, port, generation);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<byte> utf8Text, [NotNullWhen(true)] out SiloAddress? result) => TryParse(utf8Text, null, out result);

    public static bool TryParse(ReadOnlySpan<byte> utf8Text, IFormatProvider? provider, [NotNullWhen(true)] out SiloAddress? result)
    {
        const int Longest = 128; // an IPv6 address with scope, port and generation fits with room to spare
        result = null;
        return utf8Text.Length <= Longest && TryParse(Encoding.UTF8.GetString(utf8Text), provider, out result);
    }

    public string ToParsableString() => _parsable ??= string.Create(CultureInfo.InvariantCulture, $"{Endpoint}{GenerationMark}{Generation}");

    public override string ToString() => _text ??= string.Create(CultureInfo.InvariantCulture, $"{(IsClient ? 'C' : 'S')}{Endpoint}:{Generation}");

    public string ToStringWithHashCode() => string.Create(CultureInfo.InvariantCulture, $"{ToString()}/x{GetConsistentHashCode():X8}");

    /// <summary>A hash which is the same in every process.</summary>
    public int GetConsistentHashCode() => _hashCode;

    /// <summary><paramref name="numHashes"/> independent hashes, the same in every process: this silo's points on a ring.</summary>
    public ImmutableArray<uint> GetUniformHashCodes(int numHashes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numHashes);
        var hashes = ImmutableArray.CreateBuilder<uint>(numHashes);
        for (var i = 0; i < numHashes; i++)
            hashes.Add((uint)ComputeHash(seed: i));
        return hashes.MoveToImmutable();
    }

    /// <summary>True when this is a later run on the endpoint of <paramref name="other"/>.</summary>
    public bool IsSuccessorOf(SiloAddress other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Generation != 0 && other.Generation != 0 && Generation > other.Generation && Endpoint.Equals(other.Endpoint);
    }

    /// <summary>True when <paramref name="other"/> is a later run on this endpoint.</summary>
    public bool IsPredecessorOf(SiloAddress other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.IsSuccessorOf(this);
    }

    public bool Equals([NotNullWhen(true)] SiloAddress? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hashCode == other._hashCode && Generation == other.Generation && Endpoint.Equals(other.Endpoint));

    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    public override int GetHashCode() => _hashCode;

    /// <summary>Orders by generation, port, then address.</summary>
    public int CompareTo(SiloAddress? other)
    {
        if (other is null)
            return 1;
        var order = Generation.CompareTo(other.Generation);
        if (order == 0)
            order = Endpoint.Port.CompareTo(other.Endpoint.Port);
        return order != 0 ? order : Endpoint.Address.GetAddressBytes().AsSpan().SequenceCompareTo(other.Endpoint.Address.GetAddressBytes());
    }

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"{ToString()}", out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    private static FormatException NotAnAddress(string text) => new($"'{text}' is not a silo address. Write 'ip:port@generation', for example '10.0.0.7:11111@104400800'.");

    private int ComputeHash(int seed)
    {
        Span<byte> bytes = stackalloc byte[28];
        Endpoint.Address.TryWriteBytes(bytes, out var length);
        if (length == 16 && Endpoint.Address.AddressFamily == AddressFamily.InterNetworkV6)
            BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], unchecked((int)Endpoint.Address.ScopeId));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], Endpoint.Port);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], Generation);
        Span<byte> seeded = stackalloc byte[32];
        bytes.CopyTo(seeded);
        BinaryPrimitives.WriteInt32LittleEndian(seeded[28..], seed);
        return (int)StableHash.ComputeHash(seeded);
    }
}
