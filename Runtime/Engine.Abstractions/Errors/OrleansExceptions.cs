namespace Orleans.Runtime;

/// <summary>The base of what the engine throws.</summary>
[GenerateSerializer]
public class OrleansException : Exception
{
    public OrleansException()
    {
    }

    public OrleansException(string message)
        : base(message)
    {
    }

    public OrleansException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A message was refused on its way: the call did not run.</summary>
[GenerateSerializer]
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException()
    {
    }

    internal OrleansMessageRejectionException(string message)
        : base(message)
    {
    }

    internal OrleansMessageRejectionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The silo that a call was sent to is gone. Whether the call ran is unknown unless the message says so.</summary>
[GenerateSerializer]
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    public SiloUnavailableException()
        : this("The silo is not available.")
    {
    }

    public SiloUnavailableException(string msg)
        : base(msg)
    {
    }

    public SiloUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The client that an observer belongs to is gone.</summary>
[GenerateSerializer]
public sealed class ClientNotAvailableException : OrleansException
{
    internal ClientNotAvailableException(GrainId clientId)
        : base($"No client with id {clientId} is connected. Its process ended or lost the cluster; drop the observer.")
    {
    }

    internal ClientNotAvailableException(string message)
        : base(message)
    {
    }
}

/// <summary>A gateway refused a call because it has too much to do. Nothing ran; try again later.</summary>
[GenerateSerializer]
public sealed class GatewayTooBusyException : OrleansException
{
    public GatewayTooBusyException()
        : this("The gateway is too busy.")
    {
    }

    public GatewayTooBusyException(string message)
        : base(message)
    {
    }

    public GatewayTooBusyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A configured limit was reached, for example the length of a grain's queue. The call did not run.</summary>
[GenerateSerializer]
public sealed class LimitExceededException : OrleansException
{
    public LimitExceededException()
        : this("A limit was reached.")
    {
    }

    public LimitExceededException(string message)
        : base(message)
    {
    }

    public LimitExceededException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public LimitExceededException(string limitName, int current, int threshold, object extraInfo)
        : base($"The limit {limitName} is {threshold} and the value is {current}. {extraInfo}")
    {
    }
}

/// <summary>The grain has no such extension.</summary>
[GenerateSerializer]
public sealed class GrainExtensionNotInstalledException : OrleansException
{
    public GrainExtensionNotInstalledException()
        : this("The grain extension is not installed.")
    {
    }

    public GrainExtensionNotInstalledException(string message)
        : base(message)
    {
    }

    public GrainExtensionNotInstalledException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A grain reference was used which belongs to no cluster.</summary>
[GenerateSerializer]
public sealed class GrainReferenceNotBoundException : OrleansException
{
    internal GrainReferenceNotBoundException(GrainReference grainReference)
        : base($"{grainReference} is not bound to a cluster. Get the reference from the IGrainFactory of a running silo or client.")
    {
    }

    internal GrainReferenceNotBoundException(string message)
        : base(message)
    {
    }
}

/// <summary>A silo or client is configured in a way that cannot work. The message says what to change.</summary>
[GenerateSerializer]
public sealed class OrleansConfigurationException : Exception
{
    public OrleansConfigurationException(string message)
        : base(message)
    {
    }

    public OrleansConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A start was cancelled before it was complete.</summary>
[GenerateSerializer]
public sealed class OrleansLifecycleCanceledException : OrleansException
{
    internal OrleansLifecycleCanceledException(string message)
        : base(message)
    {
    }

    internal OrleansLifecycleCanceledException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Stands for an exception whose own type cannot cross processes: it keeps the type's name and the message.
/// </summary>
[GenerateSerializer]
public class WrappedException : OrleansException
{
    public WrappedException(string message)
        : base(message)
    {
    }

    /// <summary>The full name of the type of the exception this stands for.</summary>
    [Id(0)]
    public string? OriginalExceptionType { get; set; }

    /// <summary>Throws a <see cref="WrappedException"/> that stands for <paramref name="exception"/>, unless it is one already.</summary>
    public static void CreateAndRethrow(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception is WrappedException)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        throw new WrappedException(exception.Message) { OriginalExceptionType = exception.GetType().FullName };
    }

    public override string ToString() => $"{nameof(WrappedException)} of {OriginalExceptionType}: {base.ToString()}";
}

/// <summary>The grain that enumerates an <see cref="IAsyncEnumerable{T}"/> result forgot the enumeration: it was idle too long or the grain moved.</summary>
[GenerateSerializer]
public sealed class EnumerationAbortedException : Exception
{
    public EnumerationAbortedException()
        : this("The enumeration was aborted.")
    {
    }

    public EnumerationAbortedException(string message)
        : base(message)
    {
    }

    public EnumerationAbortedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
