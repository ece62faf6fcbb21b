using Orleans.Runtime;

namespace Granary.Engine.Routing;

/// <summary>
/// Grains of the engine itself, one in each silo: their type begins with <c>sys.</c> and their key is the silo's address, so they need no directory and no placement.
/// </summary>
internal static class SystemGrains
{
    private static ReadOnlySpan<byte> Prefix => "sys."u8;

    internal static bool IsSystem(GrainId grainId) => IsSystem(grainId.Type);

    internal static bool IsSystem(GrainType type) => type.AsSpan().StartsWith(Prefix);

    /// <summary>The id of the system grain of that type in that silo.</summary>
    internal static GrainId IdFor(GrainType type, SiloAddress silo) => GrainId.Create(type, silo.ToParsableString());

    /// <summary>The silo a system grain is in, or null when the key is no address (a caller's own silo is meant).</summary>
    internal static SiloAddress? SiloOf(GrainId grainId)
    {
        try
        {
            return SiloAddress.FromParsableString(grainId.Key.ToString()!);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
