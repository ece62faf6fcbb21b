using System.Globalization;

namespace Granary.Client.Wire;

/// <summary>The header <c>grpc-timeout</c>: up to 8 digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const long Most = 99_999_999;

    /// <summary>The text of a time, rounded up.</summary>
    public static string Format(TimeSpan time)
    {
        var milliseconds = (time.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        if (milliseconds <= Most) return Math.Max(1, milliseconds).ToString(CultureInfo.InvariantCulture) + "m";
        return Math.Min(Most, (milliseconds + 999) / 1000).ToString(CultureInfo.InvariantCulture) + "S";
    }
}
