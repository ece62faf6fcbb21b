namespace Granary.Codec;

/// <summary>How values are written as JSON, and by which rules objects are read.</summary>
[Flags]
public enum JsonFormat
{
    /// <summary>What browsers and people expect: 64-bit integers as numbers, enums by their C# names, unions by <c>$type</c>. Read strictly: what is unknown or missing is an error.</summary>
    Web = 0,

    /// <summary>
    /// The proto3 JSON mapping, for Connect: 64-bit integers and decimals as strings, enums by their protobuf names, unions by their case's name. Read as protobuf is:
    /// what is absent or null is the default, what is unknown is skipped, fields may have their names of the <c>.proto</c>.
    /// </summary>
    LongsAsStrings = 1,
}
