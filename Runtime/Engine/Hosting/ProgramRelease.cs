using System.Reflection;

namespace Granary.Engine.Hosting;

/// <summary>The release of the program that runs.</summary>
internal static class ProgramRelease
{
    /// <summary>The entry assembly's informational version without the commit; empty when it has none.</summary>
    internal static string Text { get; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
}
