using System.Globalization;
using System.Net;

namespace Granary.Gateway.Blocking;

/// <summary>What can be blocked, and how it is written: <c>address:10.0.0.0/8</c>, <c>subject:bob</c>, <c>agent:badbot</c>.</summary>
internal static class BlockRules
{
    public const string Address = "address:";
    public const string Subject = "subject:";
    public const string Agent = "agent:";
    public const int MaxAgents = 100;

    /// <summary>The network of an address or a network as it is written; an address is one of full length. IPv4 addresses in IPv6 form are IPv4.</summary>
    public static bool TryReadNetwork(string text, out IPAddress address, out int length)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        length = 0;
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out address!) || !text.AsSpan().ContainsAny('.', ':')) return false;
        var isMapped = address.IsIPv4MappedToIPv6;
        if (isMapped) address = address.MapToIPv4();
        var most = address.GetAddressBytes().Length * 8;
        length = most;
        if (slash >= 0 && !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length)) return false;
        if (isMapped && slash >= 0) length -= 96;
        if (length < 0 || length > most) return false;
        address = Masked(address, length);
        return true;
    }

    /// <summary>The first bits of an address, the others 0.</summary>
    public static IPAddress Masked(IPAddress address, int length)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        bytes = bytes[..count];
        for (var i = 0; i < count; i++)
        {
            var bits = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - bits));
        }

        return new IPAddress(bytes);
    }

    public static string Text(IPAddress address, int length) => length == address.GetAddressBytes().Length * 8 ? address.ToString() : string.Create(CultureInfo.InvariantCulture, $"{address}/{length}");

    public static bool IsAgent(string text) => text.Length is >= 3 and <= 200 && !text.Any(char.IsControl);

    /// <summary>What is wrong with the configuration's blocks.</summary>
    public static IEnumerable<string> Problems(BlockOptions options)
    {
        foreach (var address in options.Addresses)
        {
            if (!TryReadNetwork(address, out _, out _)) yield return $"Addresses holds '{address}'; addresses and networks are accepted, for example 203.0.113.7 or 203.0.113.0/24 or 2001:db8::/32";
        }

        foreach (var subject in options.Subjects)
        {
            if (string.IsNullOrWhiteSpace(subject)) yield return "Subjects holds an empty text; take it out";
        }

        if (options.Agents.Count > MaxAgents) yield return $"Agents has {options.Agents.Count} entries; up to {MaxAgents} are accepted";
        foreach (var agent in options.Agents)
        {
            if (!IsAgent(agent)) yield return $"Agents holds '{agent}'; parts of a User-Agent of 3 to 200 characters are accepted, without control characters";
        }
    }
}
