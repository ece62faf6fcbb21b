namespace Granary.Gateway.Grpc;

/// <summary>The header <c>grpc-timeout</c>: up to 8 digits and a unit.</summary>
internal static class GrpcTimeout
{
    public const string Accepted = "up to 8 digits and one of H, M, S, m, u, n";

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan time)
    {
        time = default;
        if (text.Length is < 2 or > 9) return false;
        long number = 0;
        foreach (var digit in text[..^1])
        {
            if (!char.IsAsciiDigit(digit)) return false;
            number = (number * 10) + digit - '0';
        }

        long? ticks = text[^1] switch
        {
            'H' => number * TimeSpan.TicksPerHour,
            'M' => number * TimeSpan.TicksPerMinute,
            'S' => number * TimeSpan.TicksPerSecond,
            'm' => number * TimeSpan.TicksPerMillisecond,
            'u' => number * TimeSpan.TicksPerMicrosecond,
            'n' => number / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        if (ticks is not { } known) return false;
        time = TimeSpan.FromTicks(known);
        return true;
    }
}
