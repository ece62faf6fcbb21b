using System.Diagnostics;

namespace Granary.Gateway;

/// <summary>The names under which the gateway reports.</summary>
public static class GatewayTelemetry
{
    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "Granary.Gateway";

    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Granary.Gateway";

    internal static readonly ActivitySource Source = new(ActivitySourceName);
}
