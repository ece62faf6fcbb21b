using FsCheck;
using FsCheck.Fluent;

namespace Granary.Codec.Tests.Support;

/// <summary>Random values, with those at the edges more often than chance would have it.</summary>
internal static class AnyValue
{
    /// <summary>Text of any Unicode, often with what is hard: long, empty, surrogate pairs, and surrogates without a partner.</summary>
    public static Gen<string> AnyText { get; } = Gen.OneOf(
        Gen.Choose(0, 300).SelectMany(n => Gen.Constant(new string('x', n))),
        Gen.Elements(['a', 'é', '€', '\0', '"', '\\', '\uD83D', '\uDE00', '\uFFFF']).ListOf().Select(c => new string([.. c])),
        Gen.Elements(["", "\U0001F600", "\uD800", "\uDC00x", new string('€', 43), new string('é', 64), new string('x', 127), new string('x', 128), new string('€', 5461), new string('€', 9000)]));

    /// <summary>Text that is valid Unicode.</summary>
    public static Gen<string> Text { get; } = AnyText.Select(t => string.Concat(t.EnumerateRunes()));

    private static Gen<long> AnyBits => Gen.Choose(int.MinValue, int.MaxValue).SelectMany(high => Gen.Choose(int.MinValue, int.MaxValue).Select(low => ((long)high << 32) | (uint)low));

    /// <summary>64-bit integers of every length, and those at the edges.</summary>
    public static Gen<long> Longs { get; } = Gen.OneOf(
        Gen.Elements([0L, 1, -1, 127, 128, 16383, 16384, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue]),
        Gen.Choose(0, 63).SelectMany(bits => AnyBits.Select(v => v >> bits)));

    public static Gen<double> Doubles { get; } = Gen.OneOf(
        Gen.Elements([0d, -0d, 1, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.Epsilon]),
        Longs.Select(BitConverter.Int64BitsToDouble));

    public static Gen<byte[]> Bytes { get; } = Gen.Choose(0, 255).Select(b => (byte)b).ListOf().Select(b => b.ToArray());

    /// <summary>Moments of all the years that .NET has.</summary>
    public static Gen<DateTime> Times { get; } = Gen.OneOf(
        Gen.Elements([DateTime.MinValue, DateTime.MaxValue, DateTime.UnixEpoch, DateTime.UnixEpoch.AddTicks(-1), DateTime.UnixEpoch.AddTicks(1)]),
        AnyBits.Select(b => new DateTime((long)((ulong)b % (ulong)DateTime.MaxValue.Ticks)))).Select(t => DateTime.SpecifyKind(t, DateTimeKind.Utc));

    public static Gen<TimeSpan> Durations { get; } = Gen.OneOf(
        Gen.Elements([TimeSpan.Zero, TimeSpan.MaxValue, TimeSpan.MinValue, TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(-1.5), Timeout.InfiniteTimeSpan]),
        Longs.Select(TimeSpan.FromTicks));

    public static Gen<decimal> Decimals { get; } = Gen.OneOf(
        Gen.Elements([0m, 1.10m, -1.10m, decimal.MaxValue, decimal.MinValue, 0.0000000000000000000000000001m]),
        Longs.SelectMany(l => Gen.Choose(0, 28).Select(scale => new decimal((int)l, (int)(l >> 32), (int)(l >> 16), l < 0, (byte)scale))));

    public static Gen<Guid> Guids { get; } = Bytes.Select(b => new Guid([.. b.Concat(new byte[16]).Take(16)]));
}
