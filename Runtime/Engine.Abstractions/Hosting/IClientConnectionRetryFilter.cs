namespace Orleans;

/// <summary>Decides whether a client whose first connection to the cluster failed tries again.</summary>
public interface IClientConnectionRetryFilter
{
    /// <summary>Called after each failed attempt; it waits as long as it wants the client to wait.</summary>
    Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken);
}
