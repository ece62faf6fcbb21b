using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// A state was written or cleared with a version that is not the stored one: someone else changed it. A grain which lets this exception
/// pass is deactivated, so that its next activation reads what is stored.
/// </summary>
[GenerateSerializer]
public class InconsistentStateException : OrleansException
{
    public InconsistentStateException()
    {
    }

    public InconsistentStateException(string message)
        : base(message)
    {
    }

    public InconsistentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag, Exception storageException)
        : base($"{errorMsg} Stored version: '{storedEtag}', expected version: '{currentEtag}'.", storageException)
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag)
        : base($"{errorMsg} Stored version: '{storedEtag}', expected version: '{currentEtag}'.")
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    /// <summary>The version found in the storage, if the provider knows it.</summary>
    [Id(0)]
    public string? StoredEtag { get; private set; }

    /// <summary>The version the grain had.</summary>
    [Id(1)]
    public string? CurrentEtag { get; private set; }
}
