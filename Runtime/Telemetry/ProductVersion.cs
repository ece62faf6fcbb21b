using System.Reflection;

namespace Granary.Telemetry;

/// <summary>The version of Granary that runs.</summary>
public static class ProductVersion
{
    /// <summary>For example <c>0.1.0</c>; without the commit.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
