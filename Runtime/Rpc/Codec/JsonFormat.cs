namespace Granary.Codec;

/// <summary>How values are written as JSON. Reading accepts every form.</summary>
[Flags]
public enum JsonFormat
{
    /// <summary>64-bit integers as numbers; what browsers and people expect.</summary>
    Web = 0,

    /// <summary>64-bit integers as strings: the proto3 JSON mapping, for Connect.</summary>
    LongsAsStrings = 1,
}
