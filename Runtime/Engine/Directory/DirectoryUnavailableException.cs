using Orleans.Runtime;

namespace Granary.Engine.Directory;

/// <summary>
/// The grain directory cannot answer now: its store is out of reach, refuses to write, or is being restored. Whether a step was taken is not known; repeating it is harmless. Who needs an answer
/// asks again until its deadline.
/// </summary>
public sealed class DirectoryUnavailableException : OrleansException
{
    public DirectoryUnavailableException(string message)
        : base(message)
    {
    }

    public DirectoryUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
