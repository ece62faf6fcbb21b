namespace Orleans;

/// <summary>Why a grain is deactivated.</summary>
public readonly struct DeactivationReason : IEquatable<DeactivationReason>
{
    public DeactivationReason(DeactivationReasonCode code, string text)
        : this(code, null, text)
    {
    }

    public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
    {
        ReasonCode = code;
        Exception = exception;
        Description = text;
    }

    public DeactivationReasonCode ReasonCode { get; }

    /// <summary>A sentence for the log.</summary>
    public string Description { get; }

    /// <summary>The exception that caused it, if one did.</summary>
    public Exception? Exception { get; }

    public bool Equals(DeactivationReason other) =>
        ReasonCode == other.ReasonCode && ReferenceEquals(Exception, other.Exception) && Description == other.Description;

    public override bool Equals(object? obj) => obj is DeactivationReason other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(ReasonCode, Exception, Description);

    public override string ToString() => Exception is null ? $"{ReasonCode}: {Description}" : $"{ReasonCode}: {Description} Exception: {Exception}";

    public static bool operator ==(DeactivationReason left, DeactivationReason right) => left.Equals(right);

    public static bool operator !=(DeactivationReason left, DeactivationReason right) => !left.Equals(right);
}

/// <summary>The kinds of reason for which a grain is deactivated.</summary>
[GenerateSerializer]
public enum DeactivationReasonCode : byte
{
    None,
    ShuttingDown,
    ActivationFailed,
    DirectoryFailure,
    ActivationIdle,
    ActivationUnresponsive,
    DuplicateActivation,
    IncompatibleRequest,
    ApplicationError,
    ApplicationRequested,
    Migrating,
    RuntimeRequested,
    HighMemoryPressure,
}
