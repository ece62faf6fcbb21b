using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Granary.Codec;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Redis.Membership;

/// <summary>A silo's row as it is stored: <c>status since,died;entry</c>, see <see cref="MembershipScripts"/>. What the scripts change stands in front; the entry is a view with this silo alone.</summary>
internal static class SiloRow
{
    /// <summary>The letter of a status.</summary>
    internal static string Letter(SiloStatus status) => status switch
    {
        SiloStatus.Joining => "J",
        SiloStatus.Active => "A",
        SiloStatus.ShuttingDown => "S",
        SiloStatus.Dead => "D",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A silo is Joining, Active, ShuttingDown or Dead."),
    };

    /// <summary>The encoded entry.</summary>
    internal static byte[] Entry(SiloEntry silo) => MembershipViewCodec.Encode(new MembershipView(0, [silo]));

    /// <summary>The whole row of a silo that is not Dead.</summary>
    internal static byte[] Whole(SiloEntry silo) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Letter(silo.Status)}{silo.ActiveSince},0;")), .. Entry(silo)];

    /// <summary>
    /// Reads a row. An entry that cannot be read (a later version of this program wrote it, or a hand) still counts as a silo in its status, without a manifest: it may hold grains, but none are placed there.
    /// </summary>
    /// <param name="address">The silo the row is of.</param>
    /// <param name="row">The row.</param>
    /// <param name="problem">What could not be read; null when all could.</param>
    internal static SiloEntry Read(SiloAddress address, ReadOnlySpan<byte> row, out string? problem)
    {
        problem = null;
        var end = row.IndexOf((byte)';');
        var status = row.Length == 0 ? SiloStatus.None : row[0] switch
        {
            (byte)'J' => SiloStatus.Joining,
            (byte)'A' => SiloStatus.Active,
            (byte)'S' => SiloStatus.ShuttingDown,
            (byte)'D' => SiloStatus.Dead,
            _ => SiloStatus.None,
        };
        var since = 0L;
        if (status == SiloStatus.None || end < 0 || !Utf8Parser.TryParse(row[1..end], out since, out var read) || since < 0 || row[1 + read] != (byte)',')
        {
            problem = "it does not begin with status, version and time";
            // Unknown is taken for alive: to hold a living silo for dead would run its grains twice.
            if (status == SiloStatus.None) status = SiloStatus.ShuttingDown;
        }

        if (end >= 0)
        {
            try
            {
                if (MembershipViewCodec.Decode(row[(end + 1)..]) is { Silos: [var entry] } && entry.Address.Equals(address)) return entry with { Status = status, ActiveSince = Math.Max(since, 0) };
                problem = "its entry is of another silo";
            }
            catch (Exception error) when (error is WireFormatException or ArgumentException or OverflowException)
            {
                problem = $"its entry is no silo: {error.Message}";
            }
        }

        return new SiloEntry(address, address.ToString(), status, [], [], DateTimeOffset.UnixEpoch) { ActiveSince = Math.Max(since, 0) };
    }
}
