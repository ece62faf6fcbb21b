namespace Granary.Engine;

/// <summary>
/// Stands for an exception of another process whose type does not exist here or cannot be made from its message alone: it keeps type name and message.
/// </summary>
/// <param name="originalType">The full name of the type there.</param>
/// <param name="message">Its message.</param>
/// <param name="inner">What it was caused by, or null.</param>
public sealed class RemoteException(string originalType, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The full name of the exception's type where it was thrown.</summary>
    public string OriginalType { get; } = originalType;

    public override string ToString() => $"{OriginalType} (in another process): {base.ToString()}";
}
