namespace Granary.Engine.Transport;

/// <summary>A peer sent what is no frame of the protocol, or too large a one. It ends the connection; the message goes to the log.</summary>
internal sealed class FrameException(string problem) : Exception(problem);
