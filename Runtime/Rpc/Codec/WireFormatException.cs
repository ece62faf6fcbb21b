namespace Granary.Codec;

/// <summary>
/// Bytes that are not the protobuf message they should be. The only exception that reading hostile bytes ends in. Callers outside see <c>InvalidArgument</c>.
/// </summary>
public sealed class WireFormatException : Exception
{
    /// <param name="problem">What is wrong.</param>
    /// <param name="offset">Where, in bytes from the start of the data given to the reader.</param>
    public WireFormatException(string problem, int offset)
        : base($"Malformed protobuf at byte {offset}: {problem}") => Offset = offset;

    /// <summary>Where the data is wrong, in bytes from the start of the data given to the reader.</summary>
    public int Offset { get; }
}
